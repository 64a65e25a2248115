"""What an operator reads about a refusal: what has happened, and what to do about it.

Beside the texts of :data:`oauth_jwt_grant.assertion.ANSWERS`, which contain only what a stranger may know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from ..assertion import ANSWERS, AssertionRefused, Door, Reason


@dataclass(frozen=True, slots=True)
class Remedy:
    """One reason, explained to an operator; both strings are translated when they are read."""

    meaning: Any
    remedy: Any


_RESEND = _("The client has to correct its request; nothing is wrong here.")
_CLOCKS = _("If this happens again, compare the clocks of issuer and server; LEEWAY allows some seconds.")

#: Of every reason.
REMEDIES: dict[str, Remedy] = {
    Reason.MISSING_PARAMETER: Remedy(_("A parameter of the request was missing."), _RESEND),
    Reason.REPEATED_PARAMETER: Remedy(_("A parameter came more than once."), _RESEND),
    Reason.REQUEST_TOO_LARGE: Remedy(
        _("The body of the request was beyond one of Django's limits (DATA_UPLOAD_MAX_...)."),
        _("Raise DATA_UPLOAD_MAX_MEMORY_SIZE above MAX_ASSERTION_LENGTH; the log has the type of error."),
    ),
    Reason.MALFORMED_REQUEST: Remedy(_("The body of the request was no form in UTF-8."), _RESEND),
    Reason.NOT_A_FORM: Remedy(_("The body of the request was JSON or other text, not a form."), _RESEND),
    Reason.PARAMETER_IN_QUERY: Remedy(_("Parameters came in the URL."), _RESEND),
    Reason.SEVERAL_CREDENTIALS: Remedy(_("The client authenticated in several ways at once."), _RESEND),
    Reason.CLIENT_AUTHENTICATION: Remedy(
        _("The client is unknown or its credentials are wrong."),
        _("Compare client_id with the application here. If its secret has changed, hand on the new one."),
    ),
    Reason.TOKEN_TYPE: Remedy(
        _("The token exchange named a token type that is not supported; the detail names the parameter."),
        _("The client has to send subject_token_type as jwt or id_token, and ask for an access token."),
    ),
    Reason.ACTOR: Remedy(
        _("The token exchange came with an actor: who acts for somebody cannot be kept in the token."),
        _("The client has to leave out actor_token and actor_token_type. Nothing was used up."),
    ),
    Reason.AUTHORIZATION_DETAILS: Remedy(
        _("The request had authorization_details, which are not supported."),
        _("The client has to leave them out and ask by scope or resource."),
    ),
    Reason.DPOP: Remedy(
        _("The request had a DPoP proof, and the setting DPOP is off: no token is bound to a key."),
        _("Switch DPoP off in the client for this server, or on here. The assertion was not used up."),
    ),
    Reason.DPOP_PROOF: Remedy(
        _("The DPoP proof of the request was not accepted; the detail says what is wrong with it."),
        _("For htu, see what URL the client posts to; for iat, compare the clocks. Nothing was used up."),
    ),
    Reason.NOT_SET_UP: Remedy(
        _("The site is not set up for the grant; the detail says what is wrong. No token was left."),
        _(
            "A missing table or column: run migrate. A class of the site in the way: call super() in the "
            "method that the detail names, or put our class first among the bases."
        ),
    ),
    Reason.TOO_LONG: Remedy(
        _("The assertion is longer than MAX_ASSERTION_LENGTH."),
        _("Have the issuer put fewer claims into it, or raise the setting."),
    ),
    Reason.MALFORMED: Remedy(
        _("The posted assertion is not one signed JWT; the detail says where it is broken."),
        _("Ask the client what it posts: often it is an encrypted JWT, an access token, or a cut JWT."),
    ),
    Reason.CRITICAL_HEADER: Remedy(
        _("The header has crit or b64, which nothing here understands."),
        _("Have the issuer sign without them."),
    ),
    Reason.WRONG_TYPE: Remedy(
        _("The header's typ is that of another kind of JWT than the issuer's profile takes."),
        _("Look at the issuer's profile: an ID-JAG has the typ oauth-id-jag+jwt, all others JWT or none."),
    ),
    Reason.ALGORITHM: Remedy(
        _("It was signed with an algorithm that is not allowed for this issuer."),
        _("The algorithm stands below. If the issuer changed it on purpose, allow it on the issuer's page."),
    ),
    Reason.UNKNOWN_ISSUER: Remedy(
        _("The issuer is not trusted, or was deleted while the request was under way."),
        _("Add it, written exactly as the claim iss has it, if it should be trusted."),
    ),
    Reason.ISSUER_DISABLED: Remedy(
        _("The issuer is disabled here."),
        _("Its history shows who has disabled it and when. Enable it if the cause is gone."),
    ),
    Reason.ISSUER_NOT_YET_VALID: Remedy(
        _("The trust in the issuer has not begun."), _("Look at its date: valid from.")
    ),
    Reason.ISSUER_EXPIRED: Remedy(
        _("The trust in the issuer has ended."),
        _("Check its date: valid until. Set a later one to keep the trust."),
    ),
    Reason.ISSUER_MISCONFIGURED: Remedy(
        _("The row of the issuer, or of the rule that matched, cannot be used; the detail says why."),
        _("Correct it on the issuer's page. Often no audience is set: see AUDIENCES and the checks."),
    ),
    Reason.NO_SUCH_KEY: Remedy(
        _("The issuer has no key here that fits the key ID and algorithm of the assertion."),
        _(
            "Compare the key ID below with the keys on the issuer's page. If its keys have changed, fetch "
            "them now, or paste the new ones. Somebody who makes up assertions is refused like this as well."
        ),
    ),
    Reason.BAD_SIGNATURE: Remedy(
        _("The signature does not fit the key: the JWT was changed, or signed with another key."),
        _(
            "Fetch the keys on the issuer's page: it may have changed a key and kept its id. If that does "
            "not help, somebody else has made the assertion; nothing was given out for it."
        ),
    ),
    Reason.KEYS_UNAVAILABLE: Remedy(
        _("The issuer's keys could not be fetched, and no stored keys may still be used."),
        _(
            "The detail says what failed: look at network, DNS and certificates, then fetch the keys on the "
            "issuer's page. The client was asked to come back; the assertion was not used up."
        ),
    ),
    Reason.MISSING_CLAIM: Remedy(
        _("The assertion lacks a claim; the detail names it."),
        _("Have the issuer add it. A jti is asked for only where the issuer's single use demands it."),
    ),
    Reason.DELEGATION: Remedy(
        _("The assertion says that somebody acts for its subject (act), or may act (may_act)."),
        _("If the actor is meant to have the token, name it by a condition of the rule on act, as /act/sub."),
    ),
    Reason.MALFORMED_CLAIM: Remedy(
        _("A claim has the wrong form; the detail names it."),
        _("The issuer has to correct it: times are in seconds, sub has at most 512 characters."),
    ),
    Reason.OWN_ISSUER: Remedy(
        _("The assertion names this server as its issuer."),
        _("A token of this server is no assertion for it. Ask the client where it has its JWT from."),
    ),
    Reason.AUDIENCE: Remedy(
        _("The assertion is meant for another server: aud names none of this server's identifiers."),
        _(
            "Test the assertion to see both. Have the client ask its issuer for the right audience; or add "
            "what it sends to the audiences of the issuer here, if it can mean no other server."
        ),
    ),
    Reason.EXPIRED: Remedy(
        _("The assertion had expired when it came."), _("The client has to get a new one for each request.")
    ),
    Reason.NOT_YET_VALID: Remedy(_("The assertion was not valid yet (nbf)."), _CLOCKS),
    Reason.ISSUED_IN_FUTURE: Remedy(_("The assertion was issued in the future (iat)."), _CLOCKS),
    Reason.TOO_OLD: Remedy(
        _("The assertion was issued longer ago than the maximum lifetime."),
        _("The client keeps assertions too long, or the maximum lifetime of the issuer is too short for it."),
    ),
    Reason.ISSUED_BEFORE: Remedy(
        _("The assertion was issued before the issuer's limit (issued after), or does not say when."),
        _("The client has to get a new one, with iat. An operator can change the limit of the issuer."),
    ),
    Reason.LIFETIME: Remedy(
        _("The assertion is valid for longer than is accepted."),
        _("Have it signed for a shorter time, or raise its maximum lifetime here (MAX_LIFETIME for all)."),
    ),
    Reason.ID_TOKEN: Remedy(
        _("The assertion is an ID Token; the detail names the claim that gives it away."),
        _("An ID Token tells a client who has logged in. The client needs a JWT made for this server."),
    ),
    Reason.SENDER_CONSTRAINED: Remedy(
        _("The assertion is bound to a key (cnf), and this site cannot check that the client holds it."),
        _("Have it issued without cnf. Where the setting DPOP is on, cnf may have a jkt, and nothing else."),
    ),
    Reason.PROOF_REQUIRED: Remedy(
        _("There was no DPoP proof, and the rule or the assertion (cnf) requires one."),
        _("The client has to send one, which the setting DPOP must allow; or let the rule do without."),
    ),
    Reason.PROOF_KEY: Remedy(
        _("The DPoP proof was made with another key than the assertion is bound to (cnf)."),
        _("The client has to prove the key for which its assertion was issued."),
    ),
    Reason.OTHER_CLIENT: Remedy(
        _("The assertion was issued to another client than the one that has posted it."),
        _("The application's client_id has to be the one by which the identity provider knows the client."),
    ),
    Reason.ISSUER_CONDITIONS: Remedy(
        _("The assertion is genuine, but does not meet a condition of its issuer; the detail says which."),
        _("If it should be accepted, correct the conditions of the issuer, which come before all rules."),
    ),
    Reason.NO_RULE: Remedy(
        _("The assertion is genuine, but the conditions of no rule hold; the detail says why for each."),
        _("If it should be accepted, correct a condition or add a rule. Test it to see its claims."),
    ),
    Reason.RULE_REFUSES: Remedy(
        _("The rule that matches is set to refuse, as it is when its default application was deleted."),
        _("Choose another default application for the rule, and take the tick from it."),
    ),
    Reason.CLIENT_NOT_ADMITTED: Remedy(
        _("A rule fits, but it is not for this application."),
        _(
            "Add the application to the rule, if it is to use it. "
            "With an ID-JAG a public client has to be listed."
        ),
    ),
    Reason.CLIENT_REQUIRED: Remedy(
        _("The request named no client, and the rule that matched requires one."),
        _("The client has to send its client_id; if it cannot, only the client policy anonymous helps."),
    ),
    Reason.UNKNOWN_SUBJECT: Remedy(
        _("The assertion is genuine, but no user here belongs to its subject."),
        _("Link the subject below to a user, or choose another subject policy in the rule."),
    ),
    Reason.INACTIVE_SUBJECT: Remedy(
        _("The user of the subject is not active."),
        _("Leave it so if the user was shut out on purpose; else activate the user."),
    ),
    Reason.PRIVILEGED_SUBJECT: Remedy(
        _("The user is staff or superuser, and the rule gives such users no token."),
        _("Better link the subject to an ordinary user. The rule can allow privileged users."),
    ),
    Reason.SCOPE: Remedy(
        _("More scope was asked for than rule, application and assertion allow; the detail names it."),
        _("The client has to ask for less, or the rule needs the scope. A scope claim bounds it as well."),
    ),
    Reason.RESOURCE: Remedy(
        _("A resource was asked for, or is in the assertion, that the rule does not name."),
        _("The client has to ask for another one or for none, or the rule needs it."),
    ),
    Reason.REPLAYED: Remedy(
        _("The assertion had already brought a token."),
        _(
            "The client needs a new one for each request, or an issuer that is set to be reusable. If it has "
            "not sent it twice, somebody else has it: compare the address below with the accepted one's."
        ),
    ),
    Reason.NOT_STORED: Remedy(
        _("The database does not take a value of the assertion or of what it leads to."),
        _(
            "The log names the error. Often it is a character that the database's encoding has not (use "
            "UTF-8, on MySQL and MariaDB utf8mb4), or a recorded claim that is nested too deeply for it."
        ),
    ),
    Reason.DATABASE_BUSY: Remedy(
        _("The database could not say in time whether the assertion had been used."),
        _("The client tries again by itself. If this happens often, check the log and the database's locks."),
    ),
    Reason.DATABASES_DIFFER: Remedy(
        _("The database routers write trust, tokens, decisions and users to different databases."),
        _("Let them write all of these to one; the check oauth_jwt_grant.E010 and the log name them."),
    ),
}


def answer_to(reason: str, detail: str, door: str) -> tuple[str, str]:
    """Return the answer to the client for a decision that has a remedy: status with error, and the text.

    ``door`` is where the assertion was presented; a name that only SQL can have written is the first door.
    """
    known = Reason(reason)
    # Where the text has the name of a parameter or claim, the detail starts with it.
    name = detail.partition(" ")[0] if "{name}" in ANSWERS[known].text else ""
    where = Door(door) if door in list(Door) else Door.AUTHORIZATION_GRANT
    answer = AssertionRefused(known, name).answer_at(where)
    return f"{answer.status} {answer.error}", answer.text
