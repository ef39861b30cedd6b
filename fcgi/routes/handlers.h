/*
 * The endpoints, one a file. Each reads a request that has passed the gate and fills the response.
 */
#ifndef TAPEDECK_FCGI_ROUTES_HANDLERS_H
#define TAPEDECK_FCGI_ROUTES_HANDLERS_H

#include "app.h"
#include "http/request.h"
#include "http/response.h"

typedef void handler(const struct app *app, struct request *request, struct response *response);

handler handle_file;              /* GET, HEAD /api/recordings/file/{call} */
handler handle_media;             /* GET, HEAD /media/{business}/{file}: a play link */
handler handle_prepare;           /* POST /api/recordings/{call}/prepare */
handler handle_status;            /* GET /api/recordings/{call}/status */
handler handle_peaks;             /* GET /api/recordings/{call}/peaks */
handler handle_calls;             /* GET /api/calls */
handler handle_call;              /* GET /api/calls/{call} */
handler handle_calls_csv;         /* GET /api/calls.csv */
handler handle_totals;            /* GET /api/calls/totals */
handler handle_changes;           /* GET /api/calls/changes */
handler handle_agents;            /* GET /api/agents */
handler handle_lines;             /* GET /api/lines */
handler handle_call_people;       /* PATCH /api/calls/{call} */
handler handle_download;          /* GET, HEAD /api/calls/{call}/download */
handler handle_star;              /* PUT, DELETE /api/calls/{call}/star */
handler handle_tag;               /* PUT, DELETE /api/calls/{call}/tags/{tag} */
handler handle_note_add;          /* POST /api/calls/{call}/notes */
handler handle_note_drop;         /* DELETE /api/calls/{call}/notes/{note} */
handler handle_share_add;         /* POST /api/calls/{call}/shares */
handler handle_shares;            /* GET /api/calls/{call}/shares */
handler handle_share_revoke;      /* DELETE /api/calls/{call}/shares/{share} */
handler handle_share_open;        /* POST /api/share */
handler handle_share_sound;       /* GET, HEAD /media/share */
handler handle_tags;              /* GET /api/tags */
handler handle_runs_active;       /* GET /api/recordings/runs/active */
handler handle_run_status;        /* GET /api/recordings/runs/{run}/status */
handler handle_run_cancel;        /* POST /api/recordings/runs/{run}/cancel */
handler handle_recording_status;  /* POST /webhook/recording_status */
handler handle_call_status;       /* POST /webhook/call_status */
handler handle_conference_status; /* POST /webhook/conference_status */
handler handle_session_open;      /* POST /api/session */
handler handle_session_close;     /* DELETE /api/session */
handler handle_healthz;           /* GET /healthz */
handler handle_readyz;            /* GET /readyz */
handler handle_metrics;           /* GET /metrics */

#endif
