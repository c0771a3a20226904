DROP TABLE trips, services;
