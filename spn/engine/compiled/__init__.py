"""The compiled engine: a net becomes the source of one kernel, which gives the reference engine's trace. How, is told in docs/compiler.md.

Nothing here is slow to load: the compiler comes with `cache`, when a kernel is made or read.
"""

from spn.engine.compiled.engine import CompiledEngine, CompiledPrepared
from spn.engine.compiled.kernel import source_of

__all__ = ["CompiledEngine", "CompiledPrepared", "source_of"]
