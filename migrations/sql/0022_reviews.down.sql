DROP TABLE review_reports, reviews;
