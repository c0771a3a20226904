DROP TABLE downloads;
DROP TABLE service_files;
