"""A site's story with its calls and emergencies, on each database in turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parking.plumbing.db import Database
from tests.builders.emergency import Help
from tests.builders.journeys import SiteStory


@pytest.fixture
def site(database: Database) -> Iterator[SiteStory]:
    """A fresh site; whatever its story was, in the end the books must balance."""
    story = SiteStory(database)
    yield story
    story.check()


@pytest.fixture
def help_at(site: SiteStory) -> Help:
    return Help(site)
