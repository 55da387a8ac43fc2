"""What NeMo Agent Toolkit loads: the workflow `_type: aiq_connect_demo`."""

import logging
import os
from collections.abc import AsyncIterator

from aiq_connect.nat.job import current_job
from nat.builder.builder import Builder
from nat.builder.function_info import FunctionInfo
from nat.cli.register_workflow import register_function
from nat.data_models.component_ref import FunctionGroupRef
from nat.data_models.function import FunctionBaseConfig
from pydantic import BaseModel, Field

from aiq_connect_demo.answer import Source, Tool, answer

_log = logging.getLogger(__name__)


class SourceConfig(BaseModel):
    """A source that is asked when it was chosen."""

    id: str = Field(description="The data source that has to be chosen.")
    name: str = Field(description="What people call it.")
    rows: str = Field(description="What its rows are called, in the plural.")
    tool_group: FunctionGroupRef = Field(description="Its group; needs the tools whoami and my_rows.")


class DemoWorkflowConfig(FunctionBaseConfig, name="aiq_connect_demo"):
    """Which sources the workflow asks."""

    sources: list[SourceConfig] = Field(min_length=1, description="The sources whose rows belong to people.")


class Question(BaseModel):
    """What the gate sends."""

    input_message: str = Field(description='The question. "wait 30 seconds" in it makes the job take that long.')
    data_sources: list[str] | None = Field(default=None, description="The chosen sources; null means all.")


@register_function(config_type=DemoWorkflowConfig)
async def aiq_connect_demo(config: DemoWorkflowConfig, builder: Builder) -> AsyncIterator[FunctionInfo]:
    """Build the workflow on the tools of its groups."""
    sources = [await _source(source, builder) for source in config.sources]

    async def ask(question: Question) -> str:
        _log.info("job %s is answered by process %s", current_job(), os.getpid())
        return await answer(question.input_message, question.data_sources, sources)

    yield FunctionInfo.from_fn(ask, description="Says whose account a job uses, and lists that person's rows.")


async def _source(config: SourceConfig, builder: Builder) -> Source:
    group = await builder.get_function_group(config.tool_group)
    functions = await group.get_accessible_functions()

    def tool(name: str) -> Tool:
        function = functions[f"{config.tool_group}{group.SEPARATOR}{name}"]
        return lambda: function.ainvoke({}, to_type=str)

    return Source(config.id, config.name, config.rows, tool("whoami"), tool("my_rows"))
