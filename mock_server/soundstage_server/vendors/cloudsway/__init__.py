"""Cloudsway's MaaS_KL: Kling's videos from text and from images, passed through by a gateway with static keys.

Documents: Cloudsway's pages (docs.cloudsway.net/maasapi/api-reference/video/kl and .../errorcode) for routes, shapes
and the gateway's own refusals, and Kling's own API pages for the parameters, codes and callbacks that pass through;
read in November 2026. The statements taken from them are the facts ``cloudsway:...``; the ids in the tables name them.

`capabilities` and `refusals` are data, `outputs` makes the media of a task, `service` answers the requests.
"""

from soundstage_server.vendors.cloudsway.service import CloudswayService

__all__ = ["SERVICE", "CloudswayService"]

SERVICE = CloudswayService
