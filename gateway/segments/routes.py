"""Reading segments, and one subject's memberships for real-time personalisation."""

from fastapi import APIRouter

from gateway.dependencies import SegmentReader, SubjectReader, WiredEdge
from gateway.openapi import READS_JSON, WANTS_CREDENTIAL, problems
from gateway.segments.schemas import LookupIn, LookupOut, SegmentOut, SegmentsOut

router = APIRouter(prefix="/v1", tags=["segments"], responses=problems(*WANTS_CREDENTIAL))


@router.get("/segments")
def list_segments(_caller: SegmentReader, edge: WiredEdge) -> SegmentsOut:
    """List the segments with their sizes, each only above the disclosure floor."""
    return edge.segments.listed()


@router.get("/segments/{key}", responses=problems(404, 422))
def show_segment(key: str, _caller: SegmentReader, edge: WiredEdge) -> SegmentOut:
    """Show one segment."""
    return edge.segments.shown(key)


@router.post("/subjects/segments", responses=problems(*READS_JSON))
def look_up(body: LookupIn, caller: SubjectReader, edge: WiredEdge) -> LookupOut:
    """Give the segments of one person; the last answered event counts already."""
    caller.log(edge, "subject:looked-up")
    return edge.segments.of(body.identifier.kind, body.identifier.value.get_secret_value())
