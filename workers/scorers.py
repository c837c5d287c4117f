"""The scorer that the settings ask for."""

import structlog

from service.core.settings import EngineName, Settings
from workers.engines import cascade, compact, detoxify, onnx
from workers.engines.engine import Engine, EngineUnavailableError
from workers.judgement import Scorer

log = structlog.get_logger()


def load_scorer(settings: Settings) -> Scorer:
    """Load engine and spam model, which may take seconds. Raises EngineUnavailableError when something is missing."""
    return Scorer(_engine(settings.engine, settings), compact.load_spam(), _shadow(settings), compact.load_model())


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
