DROP TABLE failed_sign_ins, refresh_tokens, account_links, addresses, users;
