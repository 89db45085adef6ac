"""What the data is. Everything here is a frozen value; nothing here reads or writes."""
