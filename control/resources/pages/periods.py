"""What a library in the order of time is divided by: "Today", "This week", "March 2026", or the day."""

from __future__ import annotations

from datetime import datetime, timedelta


def period(moment: datetime, now: datetime, by_day: bool = False) -> str:
    """The heading that `moment` belongs under, in the time zone of `now`."""
    day, today = moment.astimezone(now.tzinfo).date(), now.date()
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if by_day:
        return f"{day:%A}, {day.day} {day:%B %Y}"
    if day >= today - timedelta(days=today.weekday()):
        return "Earlier this week"
    if (day.year, day.month) == (today.year, today.month):
        return "Earlier this month"
    return f"{day:%B %Y}"
