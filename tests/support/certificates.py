"""Certificates for tests, created by openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

KINDS = {"ec": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), "rsa": ("rsa:2048",),
         "ed25519": ("ed25519",)}


@dataclass(frozen=True)
class Certificate:
    """PEM files; `certificate` may hold a chain."""

    certificate: Path
    key: Path

    @property
    def setting(self) -> str:
        return f'certificate = "{self.certificate}"; key = "{self.key}";'

    def copy_to(self, other: "Certificate") -> None:
        """Copies the contents to the other's files."""
        other.certificate.write_bytes(self.certificate.read_bytes())
        other.key.write_bytes(self.key.read_bytes())


class Authority:
    """A certificate authority; trusting `certificate` means trusting what it signs."""

    def __init__(self, folder: Path, name: str = "root", signer: "Authority | None" = None):
        self.folder = folder
        self.signer = signer
        self.files = self._make(name, signer, "-addext", "basicConstraints=critical,CA:TRUE",
                                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    @property
    def certificate(self) -> Path:
        return self.files.certificate

    def issue(self, name: str, *hosts: str, kind: str = "ec") -> Certificate:
        """For IP addresses; with the chain, except the root."""
        names = ",".join(f"IP:{host}" for host in hosts or ("127.0.0.1", "::1"))
        issued = self._make(name, self, "-addext", f"subjectAltName={names}",
                            "-addext", "basicConstraints=critical,CA:FALSE", kind=kind)
        if self.signer:
            with issued.certificate.open("ab") as chain:
                chain.write(self.certificate.read_bytes())
        return issued

    def _make(self, name: str, signer: "Authority | None", *more: str,
              kind: str = "ec") -> Certificate:
        made = Certificate(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        signed_by = ("-CA", signer.files.certificate, "-CAkey", signer.files.key) if signer else ()
        subprocess.run(["openssl", "req", "-x509", "-newkey", *KINDS[kind], "-nodes", "-days", "2",
                        "-subj", f"/CN=skep's {name}", "-keyout", made.key,
                        "-out", made.certificate, *signed_by, *more],
                       check=True, capture_output=True)
        return made
