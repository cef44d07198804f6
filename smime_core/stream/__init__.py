"""Any size in constant memory."""
