/* A driver of readers that are as a test wants them, for pcscd (IFD handler, version 3).
 *
 * Its DEVICENAME is any file, a colon, and one letter for each reader (slot):
 *   e   no card    c   a card that answers nothing but its ATR and "no such command"    m   a card that is mute
 */
#include <string.h>

typedef unsigned long dword;
typedef unsigned char byte;
typedef long response;
typedef struct { dword protocol, length; } header;

enum { SUCCESS = 0, ERROR_TAG = 600, POWER_FAILED = 608, NOT_SUPPORTED = 614, PRESENT = 615, ABSENT = 616 };
enum { POWER_DOWN = 501, SLOTS_NUMBER = 0x0FAE };

static const byte ATR[] = {0x3B, 0x80, 0x80, 0x01, 0x01};
static char slots[17];

static char kind(dword lun) { return slots[lun & 0xF]; }

response IFDHCreateChannelByName(dword lun, char *device)
{
    (void)lun;
    strncpy(slots, strrchr(device, ':') + 1, sizeof slots - 1);
    return SUCCESS;
}

response IFDHGetCapabilities(dword lun, dword tag, dword *length, byte *value)
{
    (void)lun;
    if (tag != SLOTS_NUMBER)
        return ERROR_TAG;
    *value = (byte)strlen(slots);
    *length = 1;
    return SUCCESS;
}

response IFDHICCPresence(dword lun) { return kind(lun) == 'e' ? ABSENT : PRESENT; }

response IFDHPowerICC(dword lun, dword action, byte *atr, dword *length)
{
    *length = 0;
    if (action == POWER_DOWN)
        return SUCCESS;
    if (kind(lun) != 'c')
        return POWER_FAILED;
    memcpy(atr, ATR, sizeof ATR);
    *length = sizeof ATR;
    return SUCCESS;
}

response IFDHTransmitToICC(dword lun, header in, byte *command, dword size, byte *answer, dword *room, header *out)
{
    (void)lun, (void)in, (void)command, (void)size, (void)out;
    memcpy(answer, "\x6D", 2);
    *room = 2;
    return SUCCESS;
}

response IFDHCreateChannel(dword lun, dword channel) { (void)lun, (void)channel; return NOT_SUPPORTED; }
response IFDHCloseChannel(dword lun) { (void)lun; return SUCCESS; }
response IFDHSetCapabilities(dword lun, dword tag, dword length, byte *value)
{
    (void)lun, (void)tag, (void)length, (void)value;
    return NOT_SUPPORTED;
}
response IFDHSetProtocolParameters(dword lun, dword protocol, byte flags, byte one, byte two, byte three)
{
    (void)lun, (void)protocol, (void)flags, (void)one, (void)two, (void)three;
    return SUCCESS;
}
response IFDHControl(dword lun, dword code, byte *in, dword size, byte *out, dword room, dword *returned)
{
    (void)lun, (void)code, (void)in, (void)size, (void)out, (void)room;
    *returned = 0;
    return NOT_SUPPORTED;
}
