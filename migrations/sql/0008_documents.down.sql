DROP VIEW order_checklists;
DROP TABLE upload_links, doomed_files, documents;
