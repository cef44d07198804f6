"""The program that walks the 40 steps of docs/days_work.md, and counts clicks and seconds (`make days-work`)."""
