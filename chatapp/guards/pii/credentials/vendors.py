"""Tokens that carry the mark of who issued them, as their issuers publish the formats."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain

from chatapp.guards.characters import one_kind, runs
from chatapp.guards.pii.credentials.values import is_placeholder
from chatapp.guards.pii.effort import Effort
from chatapp.guards.pii.spans import Span

# In the formats: <w> letters and digits, <u> also - and _, <h> hexadecimal.
CLASSES = {"<w>": "[0-9A-Za-z]", "<u>": r"[0-9A-Za-z_\-]", "<h>": "[0-9a-f]"}

# Category to expressions, set apart by blanks. Lengths are the least that is issued, so that longer ones of later
# versions are found whole.
FORMATS: dict[str, str] = {
    "pii_aws_access_key": r"""
        (?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA|AGPA|ANPA|ANVA|A3T[A-Z0-9])[A-Z0-9]{16}(?![A-Z0-9])
    """,
    "pii_gcp_api_key": r"""
        AIza<u>{30,39} GOCSPX-<u>{20,} ya29\.<u>{20,} 1//0<u>{40,}
    """,
    "pii_github_token": r"""
        gh[pousr]_<w>{30,} github_pat_<w>{20,}_<w>{40,} v1\.<h>{40}(?!<h>)
    """,
    "pii_gitlab_pat": r"""
        gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct|oas|wt)-<u>{16,}(?:\.<u>+)* GR1348941<u>{20,}
        _gitlab_session=<h>{32}
    """,
    "pii_slack_token": r"""
        xox[abeoprsc](?:\.xox[bp])?-(?:\d-)?[0-9A-Za-z\-]{10,} xapp-[0-9A-Za-z\-/+]{15,}
    """,
    "pii_stripe_key": r"""
        (?:sk|rk|pk)_(?:live|test|prod)_<u>{14,} whsec_[0-9A-Za-z+/=]{24,}
    """,
    "pii_sendgrid_key": r"""
        SG\.<u>{16,}\.<u>{20,}
    """,
    "pii_service_token": r"""
        sk-(?:ant|proj|svcacct|admin|or|None|live|lf|cp)-<u>{16,} sk-<w>{20,}<u>* hf_[A-Za-z]{30,}
        api_org_[A-Za-z]{30,} gsk_<w>{30,} xai-<u>{40,} pplx-<w>{32,} r8_<w>{30,} tgp_v1_<u>{30,} key_<w>{30,}
        co_<w>{38,} pa-<u>{40,} nvapi-<u>{40,} tvly-<u>{16,} fc-<h>{32} jina_<w>{40,} lsv2_(?:pt|sk)_<h>{32}_<h>{10}
        pcsk_<w>{5,}_<w>{40,} esecret_<w>{20,} fw_<w>{20,} dapi<h>{32}(?:-\d)? dkea<h>{32} wandb_v1_<u>{40,}
        bedrock-api-key-[0-9A-Za-z+/=]{16,} ABSK[0-9A-Za-z+/]{60,}=*
        do[opr]_v1_<h>{60,} heroku_<w>{30,} HRKU-<u>{30,} EAA<w>{60,} LTAI<w>{16,22} AKID<w>{32} SCW[0-9A-Z]{17}
        v1\.0-<h>{24}-<h>{146,} cf(?:ut|at|k|p)_<u>{36,} fo1_<u>{40,} fm[12][ar]?_[0-9A-Za-z+/]{60,}=*
        (?:vcp|vci|vca|vcr|vck)_<w>{20,} nf[pcoub]_<w>{30,} rnd_<w>{20,} pscale_(?:tkn|pw|oauth|otk)_<u>{30,}
        napi_<w>{40,} sb[ps]_(?:v0_|oauth_)?<h>{40} sb_(?:secret|publishable)_<u>{20,}
        tskey-[a-z]+-[0-9A-Za-z\-]{12,} y[0-3]_<u>{50,} t1\.<u>+=*\.<u>{80,}=* AQVN<u>{30,} YC<u>{38}(?!<u>)
        AQ(?:AD|AA|IC)<u>{30,}
        npm_<w>{30,} pypi-<u>{50,} rubygems_<h>{40,} cio<w>{32}(?!<w>) dckr_(?:pat|oat)_<u>{20,}
        SWMTKN-1-[0-9a-z]{40,}-[0-9a-z]{20,} hv[sbr]\.<u>{20,} [sbr]\.(?=<w>*\d)<w>{24}(?!<u>)
        <w>{14}\.atlasv1\.<u>{40,}=*
        dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9\-_]{2,35}\.)?<w>{40,} pul-<h>{40} AKCp<w>{60,}
        cmVmdGtuO<w>{50,}=* CCIPAT_<w>+_<u>{30,} CCIPRJ_<w>+_<u>{30,} bk(?:ua|at|ct|aj|pt)_[0-9a-z]{30,}
        AGE-SECRET-KEY-1[0-9A-Z]{58} AGE-PLUGIN-[0-9A-Z\-]{40,} S[ANOUX][0-9A-Z]{56}(?![0-9A-Z])
        oy2[0-9a-z]{43}(?![0-9a-z]) sq[uap]_<h>{40} phx_<u>{40,} ops_eyJ<u>{60,}
        A3-[0-9A-Z]{6}-(?:[0-9A-Z]{5,11}-?){4,6} pnu_<w>{36} tfp_<u>{40,}(?:=_?<u>*)?
        prefect_[0-9a-z]+_[0-9a-z]{30,} depot_[a-z]+_<h>{40,}
        glsa_<w>{32}_<h>{8} glc_[0-9A-Za-z+/_\-=]{32,} eyJrIjoi[0-9A-Za-z+/_\-]{40,}=*
        dt0[a-z]\d\d\.[0-9A-Z]{8,}\.[0-9A-Z]{32,} sntr[yu]s_<u>{30,}=*(?:_<u>+)? sntryu_<h>{64}
        NR(?:AK|II|RA|SP|BR|JS|AA)-<u>{16,} (?:eu01x)?<h>{30,36}(?:FFFF)?NRAL hcaik_[0-9a-z]{50,} hcp[a-z]k_<w>{40,}
        lin_(?:api|oauth)_<w>{30,} odt_<w>{32,} dd[ap]_<w>{30,} phc_<w>{40,} rdme_[0-9a-z]{60,} logfire_v\d_<w>{30,}
        bb[a-z]?_<w>{40,} sgp_(?:<w>+_)?<h>{40} dnkey-[0-9A-Z\-]{40,} cosmo_<h>{32} da2-[0-9a-z]{26}
        ATATT3x<u>{60,}(?:(?:=|%3[dD]|\\=)[0-9A-F]{8})? AT(?:CTT3x|BB|OA|SA)<u>{24,}(?:=[0-9A-F]{8})?
        BBDC-[0-9A-Za-z+/]{36,} secret_<w>{40,} ntn_<w>{40,} PMA[KT]-[0-9A-Za-z\-]{24,} fig[dour]_<u>{20,}
        pat<w>{14}\.<h>{64} CFPAT-<u>{40,} tfp_<u>{40,} shp(?:at|ca|pa|ss|tk|ua)_<h>{32} pk_\d{6,}_[0-9A-Z]{30,}
        sq0[a-z]{3}-<u>{22,} EAAA[0-9A-Za-z+=_\-]{58,} access_token\$(?:production|sandbox)\$[0-9a-z]+\$<h>{30,}
        FLW(?:PUBK|SECK)(?:_TEST)?-[0-9A-Za-z\-]{12,} rzp_(?:live|test)_<w>{14,} (?:live|test)_<u>{24,}
        APP_USR-[0-9A-Za-z\-]{30,} (?:SK|AC)<h>{32}(?!<w>) key-<h>{32} pubkey-<h>{32} <h>{32}-<h>{8}-<h>{8}(?!<h>)
        <h>{32}-us\d\d?
        (?:re|plane_api|cal_live|cal_test|typefully|nylas|nyk_v0|user_api|trigger|tr_dev|tr_prod|apify_api|ghost|dub|unkey|svix|pzl|lob|ak_live|ak_test)_<u>{20,}
        sk-<h>{32} xkeysib-<h>{60,}-<w>{16} xsmtpsib-<h>{60,}-<w>{16} MLSN\.<h>{60,}|mlsn\.<h>{60,} SK-<u>{30,}
        KEY<u>{40,} tkn\.v1_[0-9A-Za-z+/=]{40,} duffel_(?:live|test)_<u>{40,} shippo_(?:live|test)_<h>{40}
        EZ[AT]K<w>{54} lt[a-z]_<w>{40,} launchdarkly-[a-z]+-[0-9a-f\-]{36}
        (?:sdk|mob|api|rel)-<h>{8}-<h>{4}-4<h>{3}-<h>{4}-<h>{12} b_<w>{40,} aio_<w>{26,} ZF-<u>{30,} web_<h>{32}
        pk\.eyJ<u>{40,}\.<u>{20,} [st]k\.eyJ<u>{40,}\.<u>{20,} 1000\.<h>{32}\.<h>{32} na1\.<w>[0-9A-Za-z+/]{40,}
        00D<w>{12,15}![0-9A-Za-z._]{60,} 3MVG[0-9A-Za-z_.]{60,} TlRMTVNTUA[0-9A-Za-z+/]{30,}=* PRIVATE-<w>{20,}
        oauth:[0-9a-z]{30} dG9rO[0-9A-Za-z+/]{40,}=* pat-(?:na|eu)\d-<h>{8}-[0-9a-f\-]{27}
        [0-9]{8,10}:(?:AA<u>{32,35}|<u>{35}(?!<u>)) ion_<w>{40,} <w>{6}_<w>{29}_mmk
        [MNO][A-Za-z0-9]{23,27}\.<u>{6}\.<u>{27,} mfa\.<u>{80,} sl\.<u>{80,} 8-<w>{64}(?!<w>) \d{1,3}-<w>{64}(?!<w>)
        6L<w><u>{37}(?!<u>)
        (?=[a-z]*\d)[a-z0-9]{6}\.(?=[a-z]*\d)[a-z0-9]{16}(?![0-9A-Za-z.])
        (?:0|1|2)/\d{16}:<h>{32}
        live_\d{6,}_<w>{24,}
        <w>{3}8Q~<u>{31,34}|<w>{3}7Q~<u>{31,34}
    """,
    "pii_azure_key": r"""
        [0-9A-Za-z+/]{86}== [0-9A-Za-z+/]{33}AzSea<w>{14} <w>{52}AZDO<w>{4}
        [0-9A-Za-z+/]{33,76}(?:AIoT|ASbE|ACDb|AStZ|AzCa|APIM|ACRD)[0-9A-Za-z+/=]{4,8}
    """,
    "pii_jwt": r"""
        eyJ<u>{8,}\.eyJ<u>{8,}(?:\.<u>*)? eyJ<u>{10,}\.<u>{10,}\.<u>{10,}
    """,
    "pii_slack_webhook": r"""
        https://hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[0-9A-Za-z/_\-]{16,}
    """,
    "pii_webhook": r"""
        https://discord(?:app)?\.com/api/webhooks/\d{17,19}/<u>{60,}
        https://[\w\-]+\.webhook\.office\.com/webhookb?2?/[0-9A-Za-z@/\-]{60,}
        https://outlook\.office(?:365)?\.com/webhook/[0-9A-Za-z@/\-]{60,}
        https://hooks\.zapier\.com/hooks/catch/\d+/\w+
        https://open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/[0-9a-f\-]{36}
        https://chat\.googleapis\.com/v1/spaces/\w+/messages\?key=[\w\-]+&token=[\w\-%]+
    """,
}
GROUPS = {f"g{number}": category for number, category in enumerate(FORMATS)}
# All formats hold a piece of twelve characters or more; it begins in the word or address that the piece is part of.
IN_PIECE = one_kind(f"{string.ascii_letters}{string.digits}_-+/")
SHORTEST = 12
PLAIN_WORD = re.compile(r"/*[A-Za-z]?[a-z]+(?:[\-/_][a-z]+)*[\-/]*")
# Names in programs begin as tokens do: test_login_returns_401.
JOINED = re.compile(r"(?:[a-z]+|[A-Z]+|[A-Z][a-z]+|\d{1,4})(?:[_\-](?:[a-z]+|[A-Z]+|[A-Z][a-z]+|\d{1,4}))+")
BEGINNING = re.compile(r"(?<![0-9A-Za-z_\-/+])[0-9A-Za-z_]")
LEAD = 96
# Without a digit or without a letter beyond f: names, numbers, sums.
UNMARKED = re.compile(r"(?!hf_|api_org_)[^0-9]+|[0-9a-f\-]+|[0-9A-F\-]+")
COST = 14
BREAKS = " \n\"'="


@cache
def _expression() -> re.Pattern[str]:
    """All formats as one expression, made when the first text asks for it: that takes longer than a whole start-up."""
    groups = (f"(?P<g{number}>{'|'.join(formats.split())})" for number, formats in enumerate(FORMATS.values()))
    expression = "|".join(groups)
    for name, characters in CLASSES.items():
        expression = expression.replace(name, characters)
    return re.compile(expression)


def marked(text: str, effort: Effort) -> Iterator[Span]:
    """The tokens whose form tells who issued them."""
    done = 0
    pieces = runs(text, IN_PIECE, SHORTEST)
    for start, end in pieces:
        if end <= done or PLAIN_WORD.fullmatch(text, start, end):
            continue
        if not effort.allows("marks", COST):
            effort.mask_all(_perhaps_marked(text, chain(((start, end),), pieces), done), "pii_service_token")
            return
        lowest = max(done, start - LEAD)
        head = max(lowest, *(text.rfind(character, lowest, start) for character in BREAKS))
        done = end
        for beginning in BEGINNING.finditer(text, head, end):
            if beginning.start() < lowest:
                continue
            match = _expression().match(text, beginning.start())
            if match is None:
                continue
            lowest = match.end()
            done = max(done, lowest)
            if match.lastgroup is not None and not is_placeholder(match[0]) and not JOINED.fullmatch(match[0]):
                yield Span(*match.span(), GROUPS[match.lastgroup])


def _perhaps_marked(text: str, pieces: Iterable[tuple[int, int]], done: int) -> Iterator[tuple[int, int]]:
    """Those that are not found yet and are neither words nor sums."""
    for start, end in pieces:
        if end > done and not UNMARKED.fullmatch(text, start, end) and not PLAIN_WORD.fullmatch(text, start, end):
            yield start, end
