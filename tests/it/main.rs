//! The tests of what a host sees, in one binary. Names begin with the ids of the attack catalogue where one applies.

mod layers;
