"""RSA keys that verify nothing here, no matter which issuer publishes them."""

from __future__ import annotations

from .texts import Text, _

MIN_RSA_BITS = 2048
# Verifying costs more than linear in the size: a larger key is a way to slow us down.
MAX_RSA_BITS = 8192
# Nearly all keys have 65537. The time to verify grows with the exponent: 3000 bits cost 100 times as much.
MAX_EXPONENT_BITS = 32

# The generator of CVE-2017-15361 (ROCA) made primes that are powers of 65537 modulo each of
# these small ones, and so the moduli are too. One in 2**27 sound keys looks like that by chance.
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
_ROCA_REMAINDERS = {prime: {pow(65537, power, prime) for power in range(prime)} for prime in _ROCA_PRIMES}


def weakness(modulus: int, exponent: int) -> Text | None:
    """Why no key with this ``modulus`` and ``exponent`` may verify assertions, or ``None`` if one may.

    RFC 7518 sections 3.3 and 3.5 for the smallest size; RFC 8725 section 3.5 for keys
    that can be guessed.
    """
    bits = modulus.bit_length()
    if not MIN_RSA_BITS <= bits <= MAX_RSA_BITS:
        return _(
            "RSA key of {bits} bits, allowed are {least} to {most}",
            bits=bits,
            least=MIN_RSA_BITS,
            most=MAX_RSA_BITS,
        )
    if exponent.bit_length() > MAX_EXPONENT_BITS:
        return _(
            "RSA key with an exponent of {exponent} bits, allowed are {most}",
            exponent=exponent.bit_length(),
            most=MAX_EXPONENT_BITS,
        )
    if all(modulus % prime in remainders for prime, remainders in _ROCA_REMAINDERS.items()):
        return _("RSA key of a broken generator (ROCA, CVE-2017-15361): anybody can compute its private half")
    return None
