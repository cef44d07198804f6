"""Mail between files of other programs and a mail server: mbox and Maildir, in both directions."""
