DROP TABLE emergency_alerts;
