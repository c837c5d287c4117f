"""The scorer that the settings ask for."""

from service.core.settings import Settings
from workers.engines import compact, detoxify, onnx
from workers.engines.engine import Engine, EngineUnavailableError
from workers.judgement import Scorer


def load_scorer(settings: Settings) -> Scorer:
    """Load engine and spam model, which may take seconds. Raises EngineUnavailableError when something is missing."""
    return Scorer(_engine(settings), compact.load_spam(), attribution=compact.load_model())


def _engine(settings: Settings) -> Engine:
    if settings.engine == "detoxify":
        return detoxify.DetoxifyEngine(
            settings.detoxify_model, settings.detoxify_folder, threads=settings.engine_threads
        )
    if settings.engine == "onnx":
        if settings.onnx_folder is None:
            raise EngineUnavailableError("Which exported model? Set GATEPOST_ONNX_FOLDER to its folder.")
        return onnx.OnnxEngine(settings.onnx_folder, settings.engine_threads)
    return compact.load()
