"""The four stages, the only callers of ports. None calls another: each ends by storing or publishing."""
