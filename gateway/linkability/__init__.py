"""What can a thief of the pseudonymous side join?  The attack, which has neither vault nor key."""
