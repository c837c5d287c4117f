"""A real name server on UDP whose answers change from one query to the next, and the resolver that asks it."""

import socketserver
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.resolver
import dns.rrset

SILENCE = ("silence",)
"""An answer that never comes."""


class NameServer:
    """`asked` holds the names and types of all queries, in their order."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self._answers: dict[str, Sequence[Sequence[str]]] = {}
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.names = self
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)

    def say(self, name: str, *answers: Sequence[str]) -> None:
        """Answer the first query of each type by the first of `answers`, and so on; the last one stays.

        An answer is addresses, of both kinds, or one other name (CNAME).
        """
        self._answers[name] = answers

    async def lookup(self, host: str, _: int) -> Sequence[str]:
        """Ask for A and AAAA over UDP, as `outbound.Lookup` wants it."""
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self._server.server_address[1]
        try:
            return list((await resolver.resolve_name(host)).addresses())
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        while (answer := self._next(name, kind)) and not _are_addresses(answer):
            if answer is SILENCE:
                return None
            reply.answer.append(dns.rrset.from_text(f"{name}.", 0, "IN", "CNAME", f"{answer[0]}."))
            name = answer[0]
        addresses = [address for address in answer if (":" in address) == (kind == "AAAA")]
        if addresses:
            reply.answer.append(dns.rrset.from_text_list(f"{name}.", 0, "IN", kind, addresses))
        return reply

    def _next(self, name: str, kind: str) -> Sequence[str]:
        answers = self._answers.get(name, [()])
        self._counts[name][kind] += 1
        return answers[min(self._counts[name][kind], len(answers)) - 1]


def _are_addresses(answer: Sequence[str]) -> bool:
    return ":" in answer[0] or answer[0].replace(".", "").isdigit()


class _Server(socketserver.UDPServer):
    names: NameServer


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        data, socket = self.request
        if reply := self.server.names.answer(dns.message.from_wire(data)):
            socket.sendto(reply.to_wire(), self.client_address)
