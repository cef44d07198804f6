"""Flask: web ↔ IMAP/SMTP, the pages, the demonstration. It moves raw bytes and never decrypts."""
