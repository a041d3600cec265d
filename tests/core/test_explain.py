"""Every failure has words and, where a person can do something, a next step."""

import pytest
from callmanager.explain import evidence, explain, explain_registration
from callmanager.model.failures import CertificateEvidence, Failure, FailureKind

CERTIFICATE = CertificateEvidence(
    subject="pbx.example.com",
    issuer="Example Root",
    sha256="AB:CD",
    not_before="2024-01-01",
    not_after="2025-01-01",
    problem="certificate has expired",
)


@pytest.mark.parametrize("kind", FailureKind)
@pytest.mark.parametrize("words_of", [explain, explain_registration])
def test_every_cause_has_whole_sentences(kind: FailureKind, words_of) -> None:
    words = words_of(Failure(kind=kind, detail="PJSIP_SC_BAD (#171999)", sip_code=499))
    assert words.text[0].isupper()
    assert words.text.endswith(".")
    assert words.hint == "" or words.hint.endswith(".")
    assert "171999" not in words.text + words.hint


@pytest.mark.parametrize("kind", set(FailureKind) - {FailureKind.DECLINED, FailureKind.CANCELLED})
def test_every_cause_but_a_decision_of_people_has_a_next_step(kind: FailureKind) -> None:
    assert explain(Failure(kind=kind)).hint


def test_a_refused_certificate_shows_its_problem_fingerprint_and_issuer() -> None:
    failure = Failure(kind=FailureKind.TLS, certificate=CERTIFICATE)
    words = explain(failure)
    assert "certificate has expired" in words.text
    assert "AB:CD" in words.hint
    assert "Example Root" in words.hint
    assert "SHA-256 fingerprint: AB:CD" in evidence(failure)


def test_a_wrong_password_says_that_it_is_not_tried_again() -> None:
    assert "not tried again" in explain(Failure(kind=FailureKind.PASSWORD)).hint


def test_not_found_means_the_number_in_a_call_and_the_extension_at_registration() -> None:
    failure = Failure(kind=FailureKind.NOT_FOUND, sip_code=404)
    assert "number" in explain(failure).text
    assert "extension" in explain_registration(failure).text
    assert "SIP status 404" in evidence(failure)
