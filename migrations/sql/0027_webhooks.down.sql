DROP INDEX inbox_received;
