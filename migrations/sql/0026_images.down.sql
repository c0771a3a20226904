DROP TABLE catalogue_images;
