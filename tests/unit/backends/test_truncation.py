"""Whether a prompt was read whole, by the counts of servers of each kind; worked by hand."""

import pytest
from support.requests import wish

from lwd_tui.backends.truncation import check_whole, largest_whole
from lwd_tui.experiment.backend import PromptTooLong, UnfitRequest
from lwd_tui.types import Prompt

FIVE = Prompt.completion("one two three four five")


@pytest.mark.parametrize(
    ("counted", "largest"),
    [
        # Who doesn't count proves nothing; who counts beyond the context has cut nothing.
        (None, 0),
        (513, 512),
        # Who stops at the context, cut what fills it; who cuts to half of it, what is half.
        (512, 511),
        (256, 255),
    ],
)
def test_what_a_server_made_of_a_prompt_that_is_too_long_tells_how_far_its_word_holds(
    counted, largest
):
    assert largest_whole(512, counted) == largest


@pytest.mark.parametrize(
    ("counts", "proven", "told"),
    [
        # It refuses what is too long, and needn't count.
        ((None, None, "stop"), 512, ""),
        ((0, 9, "stop"), 511, "neither refuses prompts .* use a newer server"),
        ((300, 9, "stop"), 255, "the server read 300 tokens and would not say whether it cut"),
        ((4, 9, "stop"), 255, "at least 5 tokens and the server read 4"),
        # Ninety-six new tokens were asked for: of 512, 400 leave 112, and 510 leave 2.
        ((400, 96, "length"), 512, ""),
        ((510, 3, "stop"), 512, "510 tokens leaves the answer 2.*context = 768"),
        ((510, 2, "length"), 512, "510 tokens leaves the answer 2"),
    ],
)
def test_an_answer_counts_only_where_its_prompt_was_read_whole(counts, proven, told):
    request = wish(prompt=FIVE)
    if told:
        with pytest.raises((PromptTooLong, UnfitRequest), match=told):
            check_whole(request, *counts, proven)
    else:
        check_whole(request, *counts, proven)
