"""TLS, SASL and ACLs for the brokers of kafka-cluster: `up --security`.

Each broker has a listener for each name of LISTENERS. There are three users; their password, which is crm's OAuth client
secret and the password of its key, too, is PASSWORD. They are asked to prove themselves again every few seconds. DIR/security
holds

    ca.pem                                   the authority that has signed the brokers' certificates
    another-ca.pem                           one that has not
    client.pem, client.key                   crm's certificate and its key, which has a password
    renewed-client.pem, renewed-client.key   crm's next one; its key has RENEWED_PASSWORD
    expired-client.pem, expired-client.key   one whose time is over

ACLs hold, and nobody has one. The plaintext listener, and TLS without a client's certificate, is ANONYMOUS, the super user.
"""
import base64
import http.server
import json
import subprocess
import time
import urllib.parse

USER = "crm"
USERS = (USER, "guest", "renewed")
REAUTHENTICATION_MS = 3000
PASSWORD = "Loesung-47-crm"
RENEWED_PASSWORD = "Neufassung-48-crm"
AUDIENCE = "kafka"
TOKEN_LIFETIME_S = 300
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")

# Name, protocol, and the certificate that the broker shows.
LISTENERS = {
    "ssl": ("SSL", "server"),
    "mutual": ("SSL", "server"),
    "sasl_plaintext": ("SASL_PLAINTEXT", None),
    "sasl_ssl": ("SASL_SSL", "server"),
    "expired": ("SSL", "expired-server"),
    "misnamed": ("SSL", "misnamed-server"),
}

COMMON = """\
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER
ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/
sasl.oauthbearer.jwks.endpoint.url={jwks}
sasl.oauthbearer.expected.audience={audience}
connections.max.reauth.ms={reauthentication}
"""

SASL = """\
{prefix}.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required {users};
{prefix}.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
{prefix}.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
{prefix}.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
{prefix}.oauthbearer.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler
"""

TLS = """\
{prefix}.ssl.keystore.type=PEM
{prefix}.ssl.keystore.location={keystore}
{prefix}.ssl.truststore.type=PEM
{prefix}.ssl.truststore.location={ca}
{prefix}.ssl.client.auth={client_auth}
"""


class Security:
    def __init__(self, directory):
        self.directory = directory / "security"

    def exists(self):
        return self.directory.is_dir()

    def java_options(self):
        return [f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={self.jwks_url()}"] if self.exists() else []

    def formatting_options(self):
        if not self.exists():
            return []
        return [word for mechanism in SCRAM for user in USERS
                for word in ("--add-scram", f"{mechanism}=[name={user},password={PASSWORD}]")]

    def jwks_url(self):
        return (self.directory / "jwks.json").as_uri()

    def properties(self, ports):
        """What a broker's configuration needs besides its listeners; `ports` by the listeners' names."""
        text = COMMON.format(jwks=self.jwks_url(), audience=AUDIENCE, reauthentication=REAUTHENTICATION_MS)
        for name in ports:
            protocol, certificate = LISTENERS[name]
            prefix = f"listener.name.{name}"
            if protocol.startswith("SASL"):
                text += SASL.format(prefix=prefix, users=" ".join(f'user_{user}="{PASSWORD}"' for user in USERS))
            if certificate:
                text += TLS.format(prefix=prefix, keystore=self.directory / f"{certificate}.keystore",
                                   ca=self.directory / "ca.pem", client_auth="required" if name == "mutual" else "none")
        return text

    def prepare(self):
        self.directory.mkdir()
        for authority in ("ca", "another-ca"):
            self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN=Ringpost test {authority}",
                         "-keyout", f"{authority}.key", "-out", f"{authority}.pem")
        here = "DNS:localhost,IP:127.0.0.1"
        self.certificate("server", "localhost", f"subjectAltName={here}")
        self.certificate("expired-server", "localhost", f"subjectAltName={here}", days=-1)
        self.certificate("misnamed-server", "kafka.example", "subjectAltName=DNS:kafka.example")
        self.certificate("client", USER, "extendedKeyUsage=clientAuth", password=PASSWORD)
        self.certificate("renewed-client", USER, "extendedKeyUsage=clientAuth", password=RENEWED_PASSWORD)
        self.certificate("expired-client", USER, "extendedKeyUsage=clientAuth", days=-1, password=PASSWORD)
        self.openssl("genrsa", "-out", "token.key", "2048")
        (self.directory / "jwks.json").write_text(json.dumps({"keys": [self.public_key()]}))

    def certificate(self, name, common_name, extension, days=30, password=None):
        self.openssl("req", "-newkey", "rsa:2048", "-subj", f"/CN={common_name}", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                     *(("-passout", f"pass:{password}") if password else ("-nodes",)))
        (self.directory / "extension").write_text(extension)
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", str(days),
                     "-extfile", "extension", "-out", f"{name}.pem")
        parts = (f"{name}.key", f"{name}.pem", "ca.pem")
        (self.directory / f"{name}.keystore").write_text("".join((self.directory / part).read_text() for part in parts))

    def public_key(self):
        modulus = self.openssl("rsa", "-in", "token.key", "-noout", "-modulus").decode().strip().removeprefix("Modulus=")
        return {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "test", "n": encoded(bytes.fromhex(modulus)), "e": "AQAB"}

    def token(self):
        now = int(time.time())
        parts = [{"alg": "RS256", "typ": "JWT", "kid": "test"},
                 {"iss": "ringpost-test", "sub": USER, "aud": AUDIENCE, "iat": now, "exp": now + TOKEN_LIFETIME_S, "scope": "kafka"}]
        signed = ".".join(encoded(json.dumps(part).encode()) for part in parts)
        signature = self.openssl("dgst", "-sha256", "-sign", "token.key", stdin=signed.encode())
        return f"{signed}.{encoded(signature)}"

    def openssl(self, *arguments, stdin=None):
        return subprocess.run(["openssl", *arguments], cwd=self.directory, input=stdin, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout

    def serve_tokens(self):
        """An OAuth token endpoint for the grant client_credentials. Prints its URL and goes on until it is killed."""
        expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        security = self

        class Endpoint(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                asked = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                if self.headers.get("Authorization") != expected:
                    self.answer(401, {"error": "invalid_client", "error_description": "unknown client, or a wrong secret"})
                elif asked.get("grant_type") != ["client_credentials"]:
                    self.answer(400, {"error": "unsupported_grant_type"})
                else:
                    self.answer(200, {"access_token": security.token(), "token_type": "Bearer", "expires_in": TOKEN_LIFETIME_S})

            def answer(self, code, body):
                text = json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
            print(f"http://127.0.0.1:{server.server_port}/token", flush=True)
            server.serve_forever()


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
