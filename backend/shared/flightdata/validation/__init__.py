"""The gate: raw bytes in, a table of states and counted rejections out."""
