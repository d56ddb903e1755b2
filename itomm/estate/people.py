"""The people and the machine accounts of the company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from itomm.estate.chance import digest
from itomm.estate.company_habits import CompanyHabits


@dataclass(frozen=True)
class Person:
    """Somebody, or something, with an account.

    Attributes:
        number: GitLab's user id.
        bot: True for renovate, service accounts and Jira apps.
    """

    login: str
    name: str
    number: int
    team: str
    bot: bool = False

    @property
    def email(self) -> str:
        """The address at the company."""
        return f"{self.login}@acme.example"

    @property
    def account_id(self) -> str:
        """Jira Cloud's account id; apps have a longer one with a colon."""
        name = digest("account", self.login)[:24]
        return f"557058:{name}" if self.bot else name


RENOVATE = Person("renovate-bot", "Renovate Bot", 900, "", bot=True)
DEPLOYER = Person("service_account_group_7_deployer", "Deployer (service account)", 901, "", bot=True)
ALERT_BRIDGE = Person("alert-bridge", "Alertmanager Bridge", 902, "", bot=True)
AUTOMATION = Person("automation-for-jira", "Automation for Jira", 903, "", bot=True)
AUDITOR = Person("auditor", "Ada Auditor", 904, "")
MACHINES = (RENOVATE, DEPLOYER, ALERT_BRIDGE, AUTOMATION)


def people_of(habits: CompanyHabits) -> Mapping[str, tuple[Person, ...]]:
    """The people of each team, in the order of the habits file."""
    number = 100
    teams: dict[str, tuple[Person, ...]] = {}
    for team_id, team in habits.teams.items():
        members = []
        for login, name in team.people.items():
            number += 1
            members.append(Person(login, name, number, team_id))
        teams[team_id] = tuple(members)
    return teams
