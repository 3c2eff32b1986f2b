"""Which property names are vocabulary of the trade, and so cannot name a person?

Names in the published e-commerce, page and browser specifications of the
tracking dialects.  Only these are counted by name when no rule declares them;
every other name is the sender's own text and is counted as ``(other)``.
"""

from __future__ import annotations

from typing import Final

_NAMES: Final = frozenset(
    {
        "affiliation",
        "brand",
        "cart_id",
        "category",
        "checkout_id",
        "coupon",
        "coupon_id",
        "coupon_name",
        "creative",
        "currency",
        "discount",
        "error_message",
        "filters",
        "image_url",
        "list_id",
        "location",
        "name",
        "order_id",
        "page",
        "path",
        "payment_method",
        "position",
        "price",
        "product_id",
        "products",
        "promotion_id",
        "query",
        "quantity",
        "rating",
        "reason",
        "referrer",
        "review_id",
        "revenue",
        "search",
        "share_message",
        "share_via",
        "shipping",
        "shipping_method",
        "sku",
        "sorts",
        "step",
        "subtotal",
        "tax",
        "title",
        "total",
        "url",
        "value",
        "variant",
        "wishlist_id",
        "wishlist_name",
    }
)


def published_name(name: str) -> bool:
    """Say whether *name* is in a published specification."""
    return name in _NAMES
