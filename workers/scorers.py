"""The scorer that the settings ask for."""

from uuid import UUID

import structlog

from service.core.models import Comment
from service.core.policy import Policy
from service.core.settings import EngineName, Settings
from workers import judgement
from workers.engines import cascade, compact, detoxify, onnx
from workers.engines.engine import Engine, EngineUnavailableError
from workers.judgement import Case, Scorer
from workers.signals.signal import History

log = structlog.get_logger()


def load_scorer(settings: Settings) -> Scorer:
    """Load engine and spam model, which may take seconds. Raises EngineUnavailableError when something is missing."""
    scorer = Scorer(_engine(settings.engine, settings), compact.load_spam(), _shadow(settings), compact.load_model())
    _warm_up(scorer)
    return scorer


def _warm_up(scorer: Scorer) -> None:
    """Judge a comment that nobody wrote: else the first one waits for what is read when it is first needed."""
    comment = Comment(site_id=UUID(int=0), text="Y0u are an 1diot, says http://blog.example.", text_fingerprint=0)
    try:
        judgement.judge(scorer, [Case(comment, 0, Policy(), History())])
    except Exception as error:  # noqa: BLE001 - whatever an engine raises; those that come are held for it
        log.warning("scorer.not_warm", error=type(error).__name__)


def _shadow(settings: Settings) -> Engine | None:
    if settings.shadow_engine is None:
        return None
    try:
        return _engine(settings.shadow_engine, settings)
    except EngineUnavailableError as error:
        # What decides nothing must not stop what decides.
        log.error("shadow.no_engine", error=str(error))
        return None


def _engine(name: EngineName, settings: Settings) -> Engine:
    if name == "detoxify":
        return detoxify.DetoxifyEngine(
            settings.detoxify_model, settings.detoxify_folder, settings.detoxify_device, settings.engine_threads
        )
    if name == "onnx":
        if settings.onnx_folder is None:
            raise EngineUnavailableError("Which exported model? Set GATEPOST_ONNX_FOLDER to its folder.")
        return onnx.OnnxEngine(settings.onnx_folder, settings.engine_threads)
    return cascade.load(settings.engine_threads) if name == "cascade" else compact.load()
