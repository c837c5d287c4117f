"""The bundled linear model as scikit-learn's own pipeline: the same n-grams, weights and scores."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import expit
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer

from workers.engines import features
from workers.engines.linear import LinearModel

# In ASCII, what our model takes for a word.
WORD = r"[^\W_]+"


def build(model: LinearModel, texts: Sequence[str]) -> Pipeline:
    """A pipeline that scores these ASCII texts, normalised and of one passage each, as the model does.

    scikit-learn hashes otherwise than we do, so it looks up each n-gram that the texts have; those that share one of
    our buckets are added up in it.
    """
    ngrams = model.ngrams
    characters = CountVectorizer(analyzer="char", lowercase=False, ngram_range=(ngrams.shortest, ngrams.longest))
    words = CountVectorizer(lowercase=False, token_pattern=WORD, ngram_range=(1, ngrams.words))
    union = FeatureUnion([("characters", characters), ("words", words)])
    union.fit([spaced(text) for text in texts])
    buckets = [_bucket(gram, ngrams, word=False) for gram in characters.get_feature_names_out()]
    buckets += [_bucket(gram, ngrams, word=True) for gram in words.get_feature_names_out()]
    ours, places = np.unique(np.array(buckets), return_inverse=True)
    merge = csr_matrix((np.ones(len(buckets)), (np.arange(len(buckets)), places)))
    tfidf = TfidfTransformer(sublinear_tf=True).fit(csr_matrix((1, ours.size)))
    tfidf.idf_ = model.idf[ours].astype(np.float64)
    linear = LogisticRegression()
    linear.classes_ = np.arange(len(model.labels))
    linear.coef_, linear.intercept_ = model.weights[ours].T.astype(np.float64), model.bias.astype(np.float64)
    return Pipeline(
        [
            ("ngrams", union),
            ("buckets", FunctionTransformer(lambda counts: counts @ merge)),
            ("tfidf", tfidf),
            ("linear", linear),
        ]
    )


def score(pipeline: Pipeline, texts: Sequence[str]) -> NDArray[np.float64]:
    """The probability of each label: a row a text."""
    return np.asarray(expit(pipeline.decision_function([spaced(text) for text in texts])))


def spaced(text: str) -> str:
    return f" {text} "


def _bucket(gram: str, ngrams: features.Ngrams, *, word: bool) -> int:
    """Ask our own code: of a text that is the n-gram, the one n-gram that covers all of it."""
    found = features.locate(gram, ngrams)
    whole = (found.starts == 1) & (found.ends == len(gram) + 1)
    # Those of characters come first.
    return int(found.buckets[whole][-1 if word else 0])
