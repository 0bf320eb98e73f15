"""/admin/…: what administrators look at and steer. desk.py is what all of these pages share."""
