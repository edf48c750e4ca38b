"""What happens to the same piece at the same instant: real connections, real threads."""

import pytest

from activities import services
from individuals.models import Block
from individuals.stock_check import differences
from tests.at_once import while_others_write
from tests.factories import ArticleFactory
from tests.pickups.builders import lend, prescriber, returned, someone

from .builders import closed, registered

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("end", ["closed", "cancelled"])
def test_a_piece_that_comes_back_while_its_repair_ends_can_be_handed_out(end):
    chair = lend(someone(), ArticleFactory(is_marked=True))
    activity = registered(chair, type="Buffertreparation")
    user = prescriber()

    def ends():
        if end == "closed":
            closed(activity, user=activity.ordered_by)
        else:
            services.cancel(activity, user=activity.ordered_by)

    while_others_write(ends, lambda: returned(chair, user=user))

    assert not Block.objects.filter(until=None).exists()
    assert differences() == []
