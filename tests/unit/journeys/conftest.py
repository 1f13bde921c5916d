"""A site's story on each database in turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parking.plumbing.db import Database
from tests.builders.journeys import SiteStory


@pytest.fixture
def site(database: Database) -> Iterator[SiteStory]:
    """A fresh site; whatever its story was, in the end the books must balance."""
    story = SiteStory(database)
    yield story
    story.check()
