"""What must never be connected to: addresses and their spellings, names that lead there, URLs read in two ways."""

LOOPBACK_SPELLINGS = [
    "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "127.000.000.001", "0177.0.0.1", "0177.1", "0x7f.1",
    "0x7f.0x0.0x0.0x1", "0X7F000001", "0x7f000001", "017700000001", "00000000177.0.0.1", "2130706433", "127.65535",
    "127.0.65534", "0", "0.0.0.0", "0x0", "00.0.0.0", "localhost", "LOCALHOST", "localhost.", "%6c%6f%63alhost",
    "%31%32%37.0.0.1", "127%2E0%2E0%2E1",
    # IDNA: full-width, circled, superscript and mathematical digits; the dots of other scripts
    "\uff11\uff12\uff17.0.0.1", "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460", "\u00b9\u00b2\u2077.0.0.1",
    "\U0001d7cf\U0001d7d0\U0001d7d5.0.0.1", "127\u30020\u30020\u30021", "127\uff0e0\uff0e0\uff0e1",
    "127\uff610\uff610\uff611", "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3",
    "\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54", "local\u00adhost", "local\u200bhost", "127.0.0.1\u200d",
    # IPv6
    "[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0001]", "[::]", "[0::0]",
    "[::127.0.0.1]", "[::7f00:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:127.1.2.3]",
    "[0:0:0:0:0:ffff:127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[2001:0:0:0:0:0:80ff:fffe]", "[::1%25lo]",
    "[::1%lo]", "[::1%250]",
]  # fmt: skip

METADATA = [
    "169.254.169.254",  # Amazon, Azure, Google, DigitalOcean, OpenStack, Hetzner
    "169.254.170.2",  # Amazon ECS
    "169.254.170.23",  # Amazon EKS
    "169.254.169.253",  # Amazon's resolver
    "169.254.42.42",  # Scaleway
    "168.63.129.16",  # Azure
    "100.100.100.200",  # Alibaba
    "192.0.0.192",  # Oracle, of old
    "fd00:ec2::254",  # Amazon
    "fd00:ec2::23",  # Amazon EKS
    "fd20:ce::254",  # Google
    "fd00:c1::a9fe:a9fe",  # Oracle
    "fd00:42::42",  # Scaleway
    "fe80::a9fe:a9fe",  # OpenStack
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::169.254.169.254", "::ffff:100.100.100.200",
]  # fmt: skip

PRIVATE = [
    "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.255.255.254", "172.16.0.1", "172.31.255.255",
    "192.168.0.1", "192.168.255.255", "::ffff:10.0.0.1", "::ffff:100.64.0.1", "64:ff9b::192.168.0.1", "fc00::1",
    "fdff::1",
]  # fmt: skip

NO_HOST = [
    # This network, link-local, protocol assignments, documentation, relays, benchmarking, multicast, reserved.
    "0.1.2.3", "169.254.0.1", "192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.2.1", "192.88.99.1", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:808:808::1", "3fff::1",
    "5f00::1", "fe80::1", "fec0::1", "ff02::1", "ff0e::1", "4000::1", "8000::1", "::8.8.8.8", "64:ff9b:1::1",
    "::ffff:224.0.0.1", "64:ff9b::224.0.0.1", "::ffff:0:8.8.8.8",
]  # fmt: skip

PUBLIC = ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]

NAMES: dict[str, list[tuple[str, ...]]] = {
    # A name, and what the name server answers to one query after another.
    "loopback.example": [("127.0.0.1",)],
    "loopback6.example": [("::1",)],
    "dotted.example.": [("127.0.0.1",)],
    "mapped.example": [("::ffff:127.0.0.1",)],
    "translated.example": [("64:ff9b::7f00:1",)],
    "metadata.example": [("169.254.169.254",)],
    "metadata6.example": [("fd00:ec2::254",)],
    "zero.example": [("0.0.0.0",)],
    "any6.example": [("::",)],
    "mixed.example": [(PUBLIC[0], "127.0.0.1")],
    "mixed-last.example": [("127.0.0.1", PUBLIC[0])],
    "mixed6.example": [(PUBLIC[1], "::1")],
    "public-a-inner-aaaa.example": [(PUBLIC[0], "::1")],
    "inner-a-public-aaaa.example": [(PUBLIC[1], "127.0.0.1")],
    "many.example": [(*[f"93.184.215.{last}" for last in range(1, 20)], "10.0.0.1")],
    "alias.example": [("loopback.example",)],
    "alias-of-alias.example": [("alias.example",)],
    "alias-of-localhost.example": [("localhost.example",)],
    "localhost.example": [("127.0.0.1",)],
    "alias-of-mixed.example": [("mixed.example",)],
    "nothing.example": [()],
    "alias-of-nothing.example": [("nothing.example",)],
    "b\u00fccher.example": [("127.0.0.1",)],
    "127.0.0.1.nip.example": [("127.0.0.1",)],
    "1e3": [("127.0.0.1",)],
    "a_b.example": [("127.0.0.1",)],
}

READ_TWO_WAYS = [
    # Users, brackets, backslashes, blanks that some programs drop, encoded ends of the host
    "https://blog.example@127.0.0.1:{port}/", "https://blog.example:x@127.0.0.1:{port}/", "https://@127.0.0.1:{port}/",
    "https://:@127.0.0.1:{port}/", "https://127.0.0.1:{port}@loopback.example/", "https://a@b@127.0.0.1:{port}/",
    "https://loopback.example:{port}\\@blog.example/", "https://blog.example\\@127.0.0.1:{port}/",
    "https:\\\\127.0.0.1:{port}\\", "https://127.0.0.1:{port}\\.blog.example/", "https:/\\127.0.0.1:{port}/",
    "https:/127.0.0.1:{port}/", "https:127.0.0.1:{port}/", "https:///127.0.0.1:{port}/", "https:////127.0.0.1:{port}/",
    "//127.0.0.1:{port}/", "127.0.0.1:{port}/", "localhost:{port}/", "https://127.0.0.1:{port}#@blog.example/",
    "https://127.0.0.1:{port}?@blog.example/", "https://127.0.0.1:{port};@blog.example/",
    "https://blog.example#@127.0.0.1:{port}/x y", "https://127.0.0.1 :{port}/", " https://127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/ ", "https:// 127.0.0.1:{port}/", "https://1 27.0.0.1:{port}/",
    "https://127.0.\t0.1:{port}/", "https://127.0.0\n.1:{port}/", "\thttps://127.0.0.1:{port}/",
    "ht\ntps://127.0.0.1:{port}/", "https://loopback.example:{port}/\r\nX-Header: 1", "https://127.0.0.1:{port}/\0",
    "https://127.0.0.1\0.blog.example:{port}/", "https://127.0.0.1%00.blog.example:{port}/",
    "https://127.0.0.1%2f@blog.example:{port}/", "https://127.0.0.1%23.blog.example:{port}", "https://[::1]x:{port}/",
    "https://[[::1]]:{port}/", "https://[::1:{port}/", "https://::1:{port}/", "https://[127.0.0.1]:{port}/",
    "https://[::1]@blog.example:{port}/", "https://[loopback.example]:{port}/", "https://(127.0.0.1):{port}/",
    "https://127.0.0.1:{port}:80/", "https://127.0.0.1:\uff11{port}/", "https://127.0.0.1:+{port}/",
    "https://127.0.0.1:-{port}/", "https://127.0.0.1:0{port}/", "https://127.0.0.1:0/", "https://127.0.0.1:65536/",
    "https://127.0.0.1:4294967297/", "https://127.0.0.1:/", "https://loopback.example:22/",
    "https://loopback.example:25/", "https://loopback.example:53/", "https://loopback.example:1/",
    "https://loopback.example:1023/",
    # Schemes
    "http://127.0.0.1:{port}/", "http://loopback.example:{port}/", "HTTP://127.0.0.1:{port}/",
    "hTTpS://127.0.0.1:{port}/", "ftp://127.0.0.1:{port}/", "file:///etc/passwd", "file://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_x", "dict://127.0.0.1:{port}/", "ldap://127.0.0.1:{port}/", "ws://127.0.0.1:{port}/",
    "wss://127.0.0.1:{port}/", "unix:///var/run/docker.sock", "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "jar:https://127.0.0.1:{port}!/", "view-source:https://127.0.0.1:{port}/", "data:text/plain,x",
    "javascript:alert(1)", "tcp://127.0.0.1:{port}/", "", "/", "https://",
]  # fmt: skip

ADDRESSES = [*METADATA, *PRIVATE, *NO_HOST]


def urls(port: int) -> list[str]:
    """The whole corpus; what leads to this machine leads to `port`, where a port can be said."""
    hosts = [*LOOPBACK_SPELLINGS, *(f"[{address}]" if ":" in address else address for address in ADDRESSES), *NAMES]
    return [f"https://{host}:{port}/hook" for host in hosts] + [
        url.replace("{port}", str(port)) for url in READ_TWO_WAYS
    ]
