"""Every error that the program knows, as one tree. Whatever is not in it is a bug and says so.

    SithsupError
    ├── CardError                       the card, its reader, its module
    │   ├── NoModuleError               SU-1001    ├── CardRemovedError      SU-1006
    │   ├── ModuleBrokenError           SU-1002    ├── ModuleHungError       SU-1007
    │   │   ├── ModuleCrashesError      SU-1002    │   └── ModuleNotStartingError SU-1007
    │   │   └── ModuleOfOtherKindError  SU-1021    ├── ModuleCrashedError    SU-1008
    │   ├── NoReaderError               SU-1003    │
    │   │   ├── NoSuchReaderError       SU-1003    │
    │   │   └── ReaderHiddenError       SU-1003    │
    │   ├── NoCardError                 SU-1004    ├── OtherCardError        SU-1009
    │   │   └── NoSuchCardError         SU-1004
    │   ├── CardChoiceError             SU-1005    ├── ModuleRefusedError    SU-1010
    │   │                                          │   └── OtherCardMeantError SU-1009
    │   ├── ObjectGoneError             SU-1011    ├── CardFullError         SU-1012
    │   ├── NotSupportedError           SU-1013    ├── CardReadOnlyError     SU-1014
    │   ├── CardServiceStoppedError     SU-1015    ├── CardMuteError         SU-1018
    │   │   └── CardServiceMissingError SU-1015    ├── CardHeldError         SU-1019
    │   ├── CardServiceHungError        SU-1016    ├── CardUnknownError      SU-1020
    │   ├── CardServiceDeniedError      SU-1017    ├── KeyMissingError       SU-1022
    │   │                                          ├── PairIncompleteError   SU-1023
    │   └── CodeError
    │       ├── CodeIncorrectError      SU-1101    ├── CodeNeededError       SU-1103
    │       │   └── CodeLengthError     SU-1101    │   └── CodeNotReadError  SU-1103
    │       ├── CodeLockedError         SU-1102    │   └── PukNeededError    SU-1103
    │       ├── LastTryError            SU-1104    │       └── PukNotReadError SU-1103
    │       ├── PukIncorrectError       SU-1105    ├── UnblockRefusedError   SU-1109
    │       ├── PukLockedError          SU-1106    ├── CodeUnsuitableError   SU-1110
    │       ├── PukLastTryError         SU-1107    ├── CodeNotLockedError    SU-1111
    │       └── UnblockElsewhereError   SU-1108    └── CodeChoiceError       SU-1112
    │           └── UnblockOnPadError   SU-1108
    ├── AuthorityError                  the certification authority and the way to it
    │   ├── AuthorityUnreachableError   SU-2001    ├── AnswerUntrustedError        SU-2004
    │   │                                          │   └── AnswerOfAnotherTimeError SU-2004
    │   ├── AuthorityBusyError          SU-2002    ├── CertificateUnsuitableError  SU-2005
    │   ├── AuthorityRefusedError       SU-2003    ├── TransactionUnknownError     SU-2006
    │   ├── StatusNotOfferedError       SU-2008    ├── StillWaitingError           SU-2007
    │   ├── ServerUntrustedError        SU-2009    ├── PortalError                 SU-2010
    │   ├── ProxyRefusedError           SU-2011    ├── IssuerUnknownError          SU-2012
    │   ├── ServerFailedError           SU-2013
    │   └── errors.network              each step of the way (AuthorityUnreachable)
    │       ├── NoNetworkError          SU-2101    ├── ProxyUnreachableError       SU-2107
    │       ├── NameUnknownError        SU-2102    ├── ProxyFailedError            SU-2108
    │       ├── NameServiceSilentError  SU-2103    ├── InterceptedError            SU-2109
    │       ├── ConnectionRejectedError SU-2104    ├── StatusSilentError           SU-2110
    │       ├── ConnectionTimedOutError SU-2105    ├── SjunetOnlyError             SU-2111
    │       └── ServerSilentError       SU-2106    └── ProxyScriptError            SU-2112
    ├── ConfigurationError              what the organisation set up
    │   ├── CampaignInvalidError        SU-3001    ├── SettingsInvalidError        SU-3002
    │   │   ├── CampaignMissingError    SU-3001    │   └── ProxyUnusableError      SU-3002
    │   │   ├── CampaignUntrustedError  SU-3003    ├── CampaignUnreachableError    SU-3005
    │   │   └── CampaignOldError        SU-3004    └── ArgumentInvalidError        SU-3006
    ├── JournalError                    this computer's memory
    │   ├── JournalUnwritableError      SU-4001    ├── SecondInstanceError         SU-4002
    │   │   └── DiskFullError           SU-4001    ├── HistoryUnreadableError      SU-4004
    │   └── JournalUnreadableError      SU-4003    ├── LogUnwritableError          SU-4005
    │                                          └── ReportUnsavedError          SU-4006
    ├── ComputerError                   what the computer's own system is set up to do
    │   └── ServiceDisabledError        SU-6001    └── CertificatesLeftError      SU-6002
    └── UpgradeError                    the upgrade itself
        ├── NotEligibleError            SU-5001    ├── ProofFailedError            SU-5004
        │   └── StoppedError            SU-5001    ├── UnusableError               SU-5005
        │       └── StoppedHalfwayError SU-5001    ├── CancelledError              SU-5006
        ├── StepNotSeenError            SU-5003    ├── FinishElsewhereError        SU-5010
        ├── InterruptedUpgradeError     SU-5007    │   └── NoRoomHereError         SU-5012
        │   ├── InterruptedByPersonError SU-5007   ├── PointOfNoReturnError        SU-5002
        │   │   └── InterruptedWayBackError SU-5007│   ├── UpgradeFinishedError    SU-5008
        │   └── UpgradeWaitsError       SU-5007    │   └── RestoreElsewhereError   SU-5011
        ├── CardTornError               SU-5014    ├── NotBegunError (Cancelled)   SU-5006
        │                                          │   └── TermsDeclinedError      SU-5006
        └── TermsNotAcceptedError       SU-5015    └── MailNotUnderstoodError      SU-5016

A code is one kind of error, stable for ever. Each leaf holds data (tries left, when to come back, the module's own
return code) and four texts: what happened, why, what to do, whom to ask. `exit_code` is the table of design section 8.
"""

from sithsup.errors.authority import (
    AnswerOfAnotherTimeError,
    AnswerUntrustedError,
    AuthorityBusyError,
    AuthorityError,
    AuthorityRefusedError,
    AuthorityUnreachableError,
    CertificateUnsuitableError,
    IssuerUnknownError,
    PortalError,
    ProxyRefusedError,
    ServerFailedError,
    ServerUntrustedError,
    StatusNotOfferedError,
    StillWaitingError,
    TransactionUnknownError,
)
from sithsup.errors.base import Contact, SithsupError, bug, kinds
from sithsup.errors.card import (
    CardChoiceError,
    CardError,
    CardFullError,
    CardReadOnlyError,
    CardRemovedError,
    CodeError,
    CodeIncorrectError,
    CodeLengthError,
    CodeLockedError,
    CodeNeededError,
    CodeNotReadError,
    LastTryError,
    ModuleBrokenError,
    ModuleCrashedError,
    ModuleCrashesError,
    ModuleHungError,
    ModuleNotStartingError,
    ModuleOfOtherKindError,
    ModuleRefusedError,
    NoCardError,
    NoModuleError,
    NoReaderError,
    NoSuchCardError,
    NoSuchReaderError,
    NotSupportedError,
    ObjectGoneError,
    OtherCardError,
    OtherCardMeantError,
    role_text,
)
from sithsup.errors.case_code import is_case_code, new_case_code
from sithsup.errors.computer import CertificatesLeftError, ComputerError, ServiceDisabledError
from sithsup.errors.configuration import (
    ArgumentInvalidError,
    CampaignInvalidError,
    CampaignMissingError,
    CampaignOldError,
    CampaignUnreachableError,
    CampaignUntrustedError,
    ConfigurationError,
    ProxyUnusableError,
    SettingsInvalidError,
)
from sithsup.errors.network import (
    ConnectionRejectedError,
    ConnectionTimedOutError,
    InterceptedError,
    NameServiceSilentError,
    NameUnknownError,
    NoNetworkError,
    ProxyFailedError,
    ProxyScriptError,
    ProxyUnreachableError,
    ServerSilentError,
    SjunetOnlyError,
    StatusSilentError,
)
from sithsup.errors.readers import (
    CardHeldError,
    CardMuteError,
    CardServiceDeniedError,
    CardServiceHungError,
    CardServiceMissingError,
    CardServiceStoppedError,
    CardUnknownError,
    KeyMissingError,
    PairIncompleteError,
    ReaderHiddenError,
)
from sithsup.errors.unblock import (
    CodeChoiceError,
    CodeNotLockedError,
    CodeUnsuitableError,
    PukIncorrectError,
    PukLastTryError,
    PukLockedError,
    PukNeededError,
    PukNotReadError,
    UnblockElsewhereError,
    UnblockOnPadError,
    UnblockRefusedError,
)
from sithsup.errors.upgrade import (
    CancelledError,
    CardTornError,
    DiskFullError,
    FinishElsewhereError,
    HistoryUnreadableError,
    InterruptedByPersonError,
    InterruptedUpgradeError,
    InterruptedWayBackError,
    JournalError,
    JournalUnreadableError,
    JournalUnwritableError,
    LogUnwritableError,
    MailNotUnderstoodError,
    NoRoomHereError,
    NotBegunError,
    NotEligibleError,
    PointOfNoReturnError,
    ProofFailedError,
    ReportUnsavedError,
    RestoreElsewhereError,
    SecondInstanceError,
    StepNotSeenError,
    StoppedError,
    StoppedHalfwayError,
    TermsDeclinedError,
    TermsNotAcceptedError,
    UnusableError,
    UpgradeError,
    UpgradeFinishedError,
    UpgradeWaitsError,
)

__all__ = [
    "AnswerOfAnotherTimeError",
    "AnswerUntrustedError",
    "ArgumentInvalidError",
    "AuthorityBusyError",
    "AuthorityError",
    "AuthorityRefusedError",
    "AuthorityUnreachableError",
    "CampaignInvalidError",
    "CampaignMissingError",
    "CampaignOldError",
    "CampaignUnreachableError",
    "CampaignUntrustedError",
    "CancelledError",
    "CardChoiceError",
    "CardError",
    "CardFullError",
    "CardHeldError",
    "CardMuteError",
    "CardReadOnlyError",
    "CardRemovedError",
    "CardServiceDeniedError",
    "CardServiceHungError",
    "CardServiceMissingError",
    "CardServiceStoppedError",
    "CardTornError",
    "CardUnknownError",
    "CertificateUnsuitableError",
    "CertificatesLeftError",
    "CodeChoiceError",
    "CodeError",
    "CodeIncorrectError",
    "CodeLengthError",
    "CodeLockedError",
    "CodeNeededError",
    "CodeNotLockedError",
    "CodeNotReadError",
    "CodeUnsuitableError",
    "ComputerError",
    "ConfigurationError",
    "ConnectionRejectedError",
    "ConnectionTimedOutError",
    "Contact",
    "DiskFullError",
    "FinishElsewhereError",
    "HistoryUnreadableError",
    "InterceptedError",
    "InterruptedByPersonError",
    "InterruptedUpgradeError",
    "InterruptedWayBackError",
    "IssuerUnknownError",
    "JournalError",
    "JournalUnreadableError",
    "JournalUnwritableError",
    "KeyMissingError",
    "LastTryError",
    "LogUnwritableError",
    "MailNotUnderstoodError",
    "ModuleBrokenError",
    "ModuleCrashedError",
    "ModuleCrashesError",
    "ModuleHungError",
    "ModuleNotStartingError",
    "ModuleOfOtherKindError",
    "ModuleRefusedError",
    "NameServiceSilentError",
    "NameUnknownError",
    "NoCardError",
    "NoModuleError",
    "NoNetworkError",
    "NoReaderError",
    "NoRoomHereError",
    "NoSuchCardError",
    "NoSuchReaderError",
    "NotBegunError",
    "NotEligibleError",
    "NotSupportedError",
    "ObjectGoneError",
    "OtherCardError",
    "OtherCardMeantError",
    "PairIncompleteError",
    "PointOfNoReturnError",
    "PortalError",
    "ProofFailedError",
    "ProxyFailedError",
    "ProxyRefusedError",
    "ProxyScriptError",
    "ProxyUnreachableError",
    "ProxyUnusableError",
    "PukIncorrectError",
    "PukLastTryError",
    "PukLockedError",
    "PukNeededError",
    "PukNotReadError",
    "ReaderHiddenError",
    "ReportUnsavedError",
    "RestoreElsewhereError",
    "SecondInstanceError",
    "ServerFailedError",
    "ServerSilentError",
    "ServerUntrustedError",
    "ServiceDisabledError",
    "SettingsInvalidError",
    "SithsupError",
    "SjunetOnlyError",
    "StatusNotOfferedError",
    "StatusSilentError",
    "StepNotSeenError",
    "StillWaitingError",
    "StoppedError",
    "StoppedHalfwayError",
    "TermsDeclinedError",
    "TermsNotAcceptedError",
    "TransactionUnknownError",
    "UnblockElsewhereError",
    "UnblockOnPadError",
    "UnblockRefusedError",
    "UnusableError",
    "UpgradeError",
    "UpgradeFinishedError",
    "UpgradeWaitsError",
    "bug",
    "is_case_code",
    "kinds",
    "new_case_code",
    "role_text",
]
