"""How departments ask each other for data, as the Government Data Sharing Regulation (Decree 809) has it."""
