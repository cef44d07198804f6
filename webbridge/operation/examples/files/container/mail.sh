# Start Postfix for example.org, which hands all mail to Dovecot, and then Dovecot.
set -eu
postconf -e 'inet_interfaces = loopback-only' 'mydestination =' 'virtual_mailbox_domains = example.org' \
    'virtual_mailbox_maps = static:all' 'virtual_transport = lmtp:unix:private/dovecot-lmtp' \
    'message_size_limit = 100000000' 'virtual_mailbox_limit = 0' 'maillog_file = /dev/stdout'
postfix start
exec dovecot -F
