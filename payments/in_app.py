"""Orders that are paid inside a provider's own app (JSAPI): first our order, then the parameters that the page hands to the app.

Who looks at the page is named by the app's own id of them (an openid); it is passed on and never kept. No account of ours is needed.
"""

from __future__ import annotations

from collections.abc import Mapping

from parking.kernel.errors import ErrorKind, ParkingError, invalid
from payments.collecting import Collector
from payments.model import Payment
from payments.providers.abilities import PaysInApp
from payments.providers.base import OrderState, Outcome, ProviderFault, ProviderRefused


def parameters(collector: Collector, payment: Payment, payer: str | None) -> Mapping[str, str] | None:
    """What the page hands to the app's pay function; None where the channel has none, or the payment has ended.

    The same payment again gives fresh parameters for the same order. Calls the provider: use a thread.
    """
    provider = collector.provider(payment.channel) if payment.is_live else None
    if not isinstance(provider, PaysInApp):
        return None
    if payer is None:
        raise invalid("payment.payer", "this channel is paid inside its app: say who looks at the page", field="payer")
    try:
        found = provider.create_in_app(collector.order_of(payment), payer)
    except ProviderRefused:
        collector.take_over(payment, Outcome(payment.number, OrderState.FAILED))
        raise invalid("payment.payer", "the provider did not accept this payer or order", field="payer") from None
    except ProviderFault:
        raise ParkingError(
            ErrorKind.UNAVAILABLE, "payment.unknown", "the provider did not answer; ask again with the same key"
        ) from None
    collector.take_over(payment, found.outcome)
    return found.parameters
