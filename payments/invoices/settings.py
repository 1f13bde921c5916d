"""What the site's invoices need to know, from one YAML file. Secrets are files, never values; a mistake is named with its key."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from payments.invoices.model import Policy
from payments.invoices.tax import WHOLE
from payments.providers.settings import Url, Word


class InvoiceSettings(BaseModel):
    """The site's rules; `tax_rate` is text such as "0.09", amounts are minor units."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str
    tax_rate: Annotated[str, StringConstraints(pattern=r"^0(\.[0-9]{1,4})?$")] = "0.09"
    within_days: int = Field(default=180, ge=1, le=3650)
    most_bills: int = Field(default=20, ge=1, le=100)
    least_minor: int = Field(default=1, ge=1)
    most_minor: int = Field(default=10_000_000, ge=1)
    timeout_s: float = Field(default=8.0, gt=0, le=60)

    def policy(self) -> Policy:
        return Policy(
            tax_rate=round(float(self.tax_rate) * WHOLE),
            within=timedelta(days=self.within_days),
            most_bills=self.most_bills,
            least_minor=self.least_minor,
            most_minor=self.most_minor,
        )


class MemorySettings(InvoiceSettings):
    """The fake, for trials."""

    kind: Literal["memory"]


class SellerSettings(BaseModel):
    """Who issues, and what stands on the line of every invoice."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    tax_number: Word
    name: Word
    clerk: Word
    goods_name: Word = "停车费"
    goods_code: Annotated[str, StringConstraints(pattern="^[0-9]{19}$")] = "3040502020200000000"
    favoured: Annotated[str, StringConstraints(pattern="^([0-9]{2})?$")] = ""
    line: Literal["pc", "bs"] = "pc"
    extension: Annotated[str, StringConstraints(pattern="^[0-9]{0,5}$")] = ""


class NuonuoSettings(InvoiceSettings):
    """诺诺's open platform: `app_secret` and `access_token` are files; `pdf_hosts` are further hosts that documents lie on."""

    kind: Literal["nuonuo"]
    url: Url = "https://sdk.nuonuo.com"
    app_key: Word
    app_secret: Path
    access_token: Path
    seller: SellerSettings
    pdf_hosts: list[Word] = Field(default_factory=list, max_length=20)
