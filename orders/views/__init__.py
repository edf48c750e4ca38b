"""The portal's pages about orders: starting one, its lines, its checkout, and sent orders."""
