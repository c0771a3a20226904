DROP INDEX inbox_payloads;
DROP TABLE account_exports;
