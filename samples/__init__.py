"""Sample documents of an invented world, the scripts that write them, and questions about them."""
