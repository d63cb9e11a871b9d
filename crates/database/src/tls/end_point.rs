//! The channel binding `tls-server-end-point`: a digest of the server's
//! certificate (<https://www.rfc-editor.org/rfc/rfc5929#section-4>).

use sha2::{Digest, Sha256, Sha384, Sha512};

/// The digest of a certificate in DER, by the hash of its own signature;
/// `None` for a signature that has none (Ed25519) or whose hash is not read
/// (RSA-PSS).
pub(crate) fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    Some(match signature_algorithm(certificate)? {
        // RFC 5929: MD5 and SHA-1 are too weak; SHA-256 stands in for them.
        RSA_MD5 | RSA_SHA1 | ECDSA_SHA1 | RSA_SHA256 | ECDSA_SHA256 => {
            Sha256::digest(certificate).to_vec()
        }
        RSA_SHA384 | ECDSA_SHA384 => Sha384::digest(certificate).to_vec(),
        RSA_SHA512 | ECDSA_SHA512 => Sha512::digest(certificate).to_vec(),
        _ => return None,
    })
}

// Object identifiers in DER: 1.2.840.113549.1.1.* and 1.2.840.10045.4.*.
const RSA_MD5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04];
const RSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05];
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const RSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c];
const RSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d];
const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
const ECDSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];

/// `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OID, … }, … }`.
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = element(certificate, 0x30)?;
    let (_, after) = element(certificate, 0x30)?;
    let (algorithm, _) = element(after, 0x30)?;
    let (identifier, _) = element(algorithm, 0x06)?;
    Some(identifier)
}

/// The content of the element that `der` begins with, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != tag {
        return None;
    }
    if *length < 0x80 {
        return rest.split_at_checked(usize::from(*length));
    }
    let (bytes, rest) = rest.split_at_checked(usize::from(*length & 0x7f))?;
    if bytes.len() > 4 {
        return None;
    }
    let length = bytes
        .iter()
        .fold(0, |length, byte| length << 8 | usize::from(*byte));
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(algorithm: &[u8]) -> Vec<u8> {
        let identifier = [&[0x06, u8::try_from(algorithm.len()).unwrap()], algorithm].concat();
        let algorithm = [
            &[0x30, u8::try_from(identifier.len()).unwrap()],
            &*identifier,
        ]
        .concat();
        // A body of 200 bytes has its length in a byte of its own.
        let body = [&[0x30, 0x81, 200][..], &[0; 200]].concat();
        let length = u16::try_from(body.len() + algorithm.len()).unwrap();
        [&[0x30, 0x82], &length.to_be_bytes()[..], &body, &algorithm].concat()
    }

    #[test]
    fn the_digest_is_the_signatures() {
        let lengths = [RSA_SHA1, RSA_SHA256, ECDSA_SHA384, RSA_SHA512]
            .map(|algorithm| end_point(&certificate(algorithm)).map(|digest| digest.len()));
        assert_eq!(lengths, [Some(32), Some(32), Some(48), Some(64)]);
    }

    #[test]
    fn a_signature_without_a_hash_has_no_digest() {
        assert_eq!(end_point(&certificate(&[0x2b, 0x65, 0x70])), None);
        assert_eq!(end_point(b"no certificate"), None);
        assert_eq!(end_point(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
