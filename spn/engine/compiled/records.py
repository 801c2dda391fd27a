"""The cells of bags, and of the frames and records of bindings that are found by enumeration. Numbers only; `bags` and `bindings` work with them."""

from __future__ import annotations

# An element's cells in `state`: addresses of the entries, of their order, of the heads of chains; room for entries (a power of two); entries in
# use and once used; the first free one (-1: none); numbers of a value; which of them are doubles, a bit each; whether the order is by value.
ENTRIES, ORDERED, HEADS, ROOM, DIFFERENT, USED, FREE_ENTRY, WIDTH, DOUBLES, BY_VALUE = range(10)
BAG_CELLS = 10

# An entry: the next of its chain, its tokens, the arrival of the first, addresses of the second and the last token's node (arrival, next).
CHAIN, TOKENS_OF, ARRIVED, LATER, LATEST = range(5)
ENTRY = 5

# A frame. BAG: an element's bag, -1 for colours that are numbers, -2 where nothing is chosen; KEYED: whether the arc had a choice;
# WHAT: the entry or colour; MASK: the variables that were bound before; PRESENT: the tokens that are like those taken.
ARC, VALUE, STOP, PLACE, ELEMENT, NUMBER, BAG, TAKING, CURSOR, WHAT, KEYED, PRESENT, MASK = range(13)
FRAME = 13

# A record, after the four cells of its list of clocks: the address of what it takes, how much of this tells its order, the number of takes, the
# room; its chain; its neighbours in the index, and whether it is among them; the look that saw it last; the clocks it should have; its rate or
# weight; from VALUES on the variables that are bound (a bit each), the index and the variables' numbers as bits.
TAKES, ORDERED_BY, TAKEN, ROOM_OF, NEXT_IN_CHAIN, BEFORE, AFTER, LINKED, SEEN_BY, WANTED, RATE_OF, VALUES = range(4, 16)

# A take.
TAKE_ARC, TAKE_ELEMENT, TAKE_NUMBER, TAKE_WHAT = range(4)
TAKE = 4
