"""From LLVM's assembly to machine code, and machine code to something that Python calls. What is kept where is in `cache`."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from llvmlite import binding as llvm

from spn.engine.compiled.operations import LIBRARY

Kernel = Callable[..., int]

_LOCK = threading.Lock()
_LOADED: list[Any] = []
"""Engines own the code of their kernels, which is needed to the end."""

PARAMETERS = (ctypes.c_int64,) * 8 + (ctypes.c_double, ctypes.c_int64)


@lru_cache(2)
def _target(level: int) -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    library = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
    other = None if sys.platform == "win32" else ctypes.util.find_library("m")
    for name in LIBRARY:
        function = getattr(library, name, None) or getattr(ctypes.CDLL(other), name)
        llvm.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
    target = llvm.Target.from_default_triple()
    features = llvm.get_host_cpu_features().flatten()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=level, codemodel="jitdefault", jit=True)


def processor() -> str:
    """What machine code depends on besides its source."""
    return f"{llvm.get_default_triple()} {llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"


BEST = 3


def compiled(text: str, level: int = BEST) -> bytes:
    """The machine code of a module, as an object file. `level` 0 takes a twentieth of the time, and gives code that is some ten times slower."""
    with _LOCK:
        machine = _target(level)
        module = llvm.parse_assembly(text)
        module.triple, module.data_layout = machine.triple, str(machine.target_data)
        options = llvm.create_pipeline_tuning_options(speed_level=level)
        options.slp_vectorization = options.loop_vectorization = options.loop_unrolling = False
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
        return bytes(machine.emit_object(module))


def load(code: bytes, name: str) -> Kernel:
    """The function `name` of an object file. Raises RuntimeError if it is none."""
    with _LOCK:
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target(BEST))
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        engine.finalize_object()
        address = engine.get_function_address(name)
        _LOADED.append(engine)
    if not address:
        raise RuntimeError(f"no function {name}")
    return ctypes.CFUNCTYPE(ctypes.c_int64, *PARAMETERS)(address)
