#include "messages.h"

#include <string.h>

static const struct message MESSAGES[MESSAGE_COUNT] = {
    [MESSAGE_READY] = {"ready", 200, "The recording is ready to play.", "ההקלטה מוכנה להשמעה."},
    [MESSAGE_PROCESSING] = {"processing", 202,
                            "The recording is on its way. Try again in a moment.",
                            "ההקלטה בדרך. אפשר לנסות שוב בעוד רגע."},
    [MESSAGE_QUEUED] = {"queued", 202, "The recording is waiting its turn.", "ההקלטה ממתינה בתור."},
    [MESSAGE_CALL_NOT_FOUND] = {"call_not_found", 404, "There is no such call.",
                                "לא נמצאה שיחה כזאת."},
    [MESSAGE_NO_RECORDING] = {"no_recording", 404, "This call has no recording.",
                              "לשיחה הזאת אין הקלטה."},
    [MESSAGE_NO_PEAKS] = {"no_peaks", 404, "There is no waveform of this recording.",
                          "אין תצוגת גל להקלטה הזאת."},
    [MESSAGE_RECORDING_EXPIRED] = {"recording_expired", 410,
                                   "The recording was deleted when its retention time ended.",
                                   "ההקלטה נמחקה בתום תקופת השמירה."},
    [MESSAGE_RECORDING_UNAVAILABLE] = {"recording_unavailable", 404,
                                       "The phone provider has no recording of this call.",
                                       "אין הקלטה של השיחה אצל ספק הטלפוניה."},
    [MESSAGE_RECORDING_FAILED] =
        {"recording_failed", 500,
         "The recording could not be fetched. Tapedeck will try again by itself.",
         "לא הצלחנו להביא את ההקלטה. המערכת תנסה שוב מעצמה."},
    [MESSAGE_WORKER_NOT_PROCESSING] =
        {"worker_not_processing_queue", 500,
         "Recordings are not being prepared right now. Yours is kept in the queue.",
         "הכנת ההקלטות אינה פעילה כרגע. ההקלטה שלך שמורה בתור."},
    [MESSAGE_UNAUTHORIZED] = {"unauthorized", 401, "Please sign in.", "יש להתחבר."},
    [MESSAGE_ORIGIN_NOT_ALLOWED] = {"origin_not_allowed", 403, "This site may not do that.",
                                    "האתר הזה אינו מורשה לפעולה."},
    [MESSAGE_BAD_PARAMETER] = {"bad_parameter", 400, "A parameter is not valid.",
                               "אחד הפרמטרים אינו תקין."},
    [MESSAGE_UNAVAILABLE] = {"unavailable", 503, "The service is busy. Try again in a moment.",
                             "השירות עמוס. אפשר לנסות שוב בעוד רגע."},
    [MESSAGE_NOT_FOUND] = {"not_found", 404, "There is nothing at this address.",
                           "אין דבר בכתובת הזאת."},
    [MESSAGE_METHOD_NOT_ALLOWED] = {"method_not_allowed", 405,
                                    "This address does not take that method.",
                                    "הפעולה אינה נתמכת בכתובת זו."},
    [MESSAGE_FORBIDDEN] = {"forbidden", 403, "This link or signature is not valid.",
                           "הקישור או החתימה אינם תקפים."},
    [MESSAGE_LENGTH_REQUIRED] = {"length_required", 411,
                                 "The request does not say how long its body is (Content-Length).",
                                 "הבקשה אינה מציינת את אורך הגוף שלה (Content-Length)."},
    [MESSAGE_TOO_LARGE] = {"too_large", 413, "The request is too large.", "הבקשה גדולה מדי."},
    [MESSAGE_ANSWER_TOO_LARGE] = {"answer_too_large", 500, "There is too much to show.",
                                  "יש יותר מדי להציג."},
    [MESSAGE_RANGE_NOT_SATISFIABLE] = {"range_not_satisfiable", 416,
                                       "The recording has no such bytes.", "אין בהקלטה קטע כזה."},
    [MESSAGE_PRECONDITION_FAILED] = {"precondition_failed", 412,
                                     "The recording is not the one you asked about.",
                                     "ההקלטה אינה זו שנשאלת עליה."},
    [MESSAGE_RUN_FINISHED] = {"run_finished", 409, "That job has already ended.",
                              "הפעולה כבר הסתיימה."},
    [MESSAGE_RUN_NOT_FOUND] = {"run_not_found", 404, "There is no such job.",
                               "לא נמצאה עבודה כזאת."},
    [MESSAGE_NOTE_NOT_FOUND] = {"note_not_found", 404, "There is no such note of yours.",
                                "לא נמצאה הערה כזאת שלך."},
    [MESSAGE_NO_SUBJECT] = {"no_subject", 403, "Your sign-in does not say who you are.",
                            "ההתחברות אינה מציינת מי המשתמש."},
    [MESSAGE_SHARE_NOT_FOUND] = {"share_not_found", 404, "There is no such share.",
                                 "לא נמצא שיתוף כזה."},
    [MESSAGE_SHARE_ENDED] = {"share_ended", 410,
                             "This link no longer works. Ask whoever sent it for another one.",
                             "הקישור כבר אינו פעיל. אפשר לבקש קישור חדש ממי ששלח אותו."},
    [MESSAGE_PART_NOT_POSSIBLE] = {"part_not_possible", 409,
                                   "Only all of this recording can be shared, not a part of it.",
                                   "אפשר לשתף את ההקלטה הזאת רק בשלמותה, ולא חלק ממנה."},
    [MESSAGE_TOO_MANY_MARKS] = {"too_many_marks", 409,
                                "This call has as many of these as a call may have.",
                                "לשיחה הזאת כבר יש המספר המרבי."},
    [MESSAGE_TOO_MANY_FAILURES] = {"too_many_failures", 429,
                                   "Too many failed attempts. Try again later.",
                                   "יותר מדי ניסיונות כושלים. אפשר לנסות שוב מאוחר יותר."},
    [MESSAGE_TOO_MANY_REQUESTS] = {"too_many_requests", 429,
                                   "Too much is being asked for at once. Try again in a moment.",
                                   "יותר מדי בקשות בבת אחת. אפשר לנסות שוב בעוד רגע."},
};

static const struct message REASONS[] = {
    {"empty", 404, "The recording is empty: it has no sound.", "ההקלטה ריקה: אין בה קול."},
    {"gone", 404, "The phone provider has deleted the recording.", "ספק הטלפוניה מחק את ההקלטה."},
    {"not_audio", 404, "What the phone provider has is not a recording.",
     "מה שיש אצל ספק הטלפוניה אינו הקלטה."},
    {"unsupported_format", 404, "The recording is in a format that cannot be played here.",
     "ההקלטה בפורמט שאי אפשר לנגן כאן."},
    {"encrypted", 404, "The recording is encrypted, and its key is not here.",
     "ההקלטה מוצפנת, והמפתח שלה אינו כאן."},
    {"encryption_failed", 404, "The phone provider could not encrypt the recording, and kept none.",
     "ספק הטלפוניה לא הצליח להצפין את ההקלטה, ולא שמר אותה."},
    {"external_storage", 404, "The recording is in the company's own storage, not here.",
     "ההקלטה נמצאת באחסון של החברה עצמה, ולא כאן."},
    {"too_short", 404, "The recording was too short for the phone provider to keep.",
     "ההקלטה הייתה קצרה מכדי שספק הטלפוניה ישמור אותה."},
    {"silent", 404, "Nothing was heard, so the phone provider kept no recording.",
     "לא נשמע דבר, ולכן ספק הטלפוניה לא שמר הקלטה."},
};

const struct message *message_of_reason(const char *reason)
{
    for (size_t i = 0; i < sizeof REASONS / sizeof *REASONS; i++) {
        if (strcmp(REASONS[i].code, reason) == 0) {
            return &REASONS[i];
        }
    }
    return NULL;
}

const struct message *message_get(enum message_id id)
{
    return &MESSAGES[id];
}
